// The words of the form. Each language is whole, or the test of the words fails.

const EN = {
  heard: "HEARD", saw: "SAW", denied: "ACCESS DENIED", quiet: "NOTHING TO REPORT", patrol: "PATROL", watch: "ON WATCH", checkin: "CHECK IN", settings: "Settings",
  back: "Back", send: "SEND", keep: "KEEP", tap: "tap for each one", minus: "−1", bearing: "Where from?", compass: "Compass", clock: "Clock", facing: "12 o'clock is", unknown: "not known",
  distance: "How far?", kind: "What?", explosion: "Explosion", burst: "Burst", shot: "Shot", muzzle_flash: "Flash", projectile: "Projectile", illumination_flare: "Flare", overflight: "Aircraft, drone", weapon_present: "Weapon there", damage: "Damage", other: "Other",
  flight: "Which way?", outgoing: "Outgoing", impact: "Incoming", sure: "How sure?", low: "Unsure", medium: "Fairly", high: "Sure", more: "Photo, voice, words", photo: "Photo", voice: "Voice note", stop: "STOP", words: "In words, no names",
  where: "Where are you?", map: "Draw on the map", gps: "from GPS", post: "the post", none: "NO PLACE", doubt: "GPS IS NOT TO BE TRUSTED", doubt_jump: "it jumped", doubt_post: "it is far from the post", doubt_stale: "its clock is wrong",
  who: "Who stopped you?", nobody: "Not known", delayed: "Delayed, then let through", since: "Nothing since?", hour: "1 hour", quarter: "15 min", shift: "8 hours", start: "START", waypoint: "WAYPOINT", end: "END", running: "watching since", lost: "More than 15 minutes without a place: not counted as watched.",
  kept: "Kept. Nobody can read it here.", waiting: "waiting", all_sent: "all sent", offline: "no network", overdue: "CHECK IN NOW", next: "next check-in", language: "Language", code: "Code", wipe_new: "Wipe code: whoever types it later empties this phone", set: "Set", pairing: "Pairing this phone...", unpaired: "This phone is not paired. Open the link that the mission gave you.",
  used: "This link was used already. Ask for another.", key: "The server showed another key than the link. Do NOT go on; tell the mission.", failed: "No network, or the link is wrong. Try again.", old: "This browser is too old to encrypt. Use a newer one.", no_photo: "This file could not be kept.", no_micro: "No microphone.",
};
const RU = {
  heard: "СЛЫШНО", saw: "ВИДНО", denied: "НЕ ПУСТИЛИ", quiet: "БЕЗ ПРОИСШЕСТВИЙ", patrol: "ПАТРУЛЬ", watch: "НА ПОСТУ", checkin: "ОТМЕТКА", settings: "Настройки",
  back: "Назад", send: "ОТПРАВИТЬ", keep: "СОХРАНИТЬ", tap: "нажмите на каждый", minus: "−1", bearing: "Откуда?", compass: "Компас", clock: "Часы", facing: "12 часов это", unknown: "неизвестно",
  distance: "Как далеко?", kind: "Что?", explosion: "Взрыв", burst: "Очередь", shot: "Выстрел", muzzle_flash: "Вспышка", projectile: "Снаряд в полёте", illumination_flare: "Осветительная ракета", overflight: "Самолёт, дрон", weapon_present: "Вооружение", damage: "Повреждение", other: "Другое",
  flight: "Куда?", outgoing: "Исходящий", impact: "Входящий", sure: "Насколько уверены?", low: "Не уверен", medium: "Скорее да", high: "Уверен", more: "Фото, голос, слова", photo: "Фото", voice: "Голосовая запись", stop: "СТОП", words: "Словами, без имён",
  where: "Где вы?", map: "Указать на карте", gps: "по GPS", post: "пост", none: "МЕСТА НЕТ", doubt: "GPS НЕ ВЕРИТЬ", doubt_jump: "скачок", doubt_post: "далеко от поста", doubt_stale: "его время неверно",
  who: "Кто не пустил?", nobody: "Неизвестно", delayed: "Задержали, потом пропустили", since: "Ничего за какое время?", hour: "1 час", quarter: "15 мин", shift: "8 часов", start: "НАЧАЛО", waypoint: "ТОЧКА", end: "КОНЕЦ", running: "наблюдение с", lost: "Более 15 минут без места: не считается наблюдением.",
  kept: "Сохранено. Здесь это никто не прочтёт.", waiting: "ждут", all_sent: "всё отправлено", offline: "нет сети", overdue: "ОТМЕТЬТЕСЬ СЕЙЧАС", next: "следующая отметка", language: "Язык", code: "Код", wipe_new: "Код очистки: кто его введёт, очистит этот телефон", set: "Задать", pairing: "Подключение телефона...", unpaired: "Телефон не подключён. Откройте ссылку, которую дала миссия.",
  used: "Ссылка уже использована. Попросите другую.", key: "Сервер показал не тот ключ, что в ссылке. НЕ продолжайте; сообщите миссии.", failed: "Нет сети, или ссылка неверна. Попробуйте ещё раз.", old: "Браузер слишком старый для шифрования. Нужен новее.", no_photo: "Файл не удалось сохранить.", no_micro: "Нет микрофона.",
};
const HY = {
  heard: "ԼՍՎԵԼ Է", saw: "ՏԵՍՆՎԵԼ Է", denied: "ՉԹՈՂԵՑԻՆ", quiet: "ԴԵՊՔԵՐ ՉԿԱՆ", patrol: "ՊԱՐԵԿ", watch: "ԴԻՐՔՈՒՄ", checkin: "ՆՇՎԵԼ", settings: "Կարգավորումներ",
  back: "Հետ", send: "ՈՒՂԱՐԿԵԼ", keep: "ՊԱՀԵԼ", tap: "սեղմեք ամեն մեկի համար", minus: "−1", bearing: "Որտեղի՞ց", compass: "Կողմնացույց", clock: "Ժամացույց", facing: "Ժամը 12-ը՝", unknown: "հայտնի չէ",
  distance: "Որքա՞ն հեռու", kind: "Ի՞նչ", explosion: "Պայթյուն", burst: "Կրակահերթ", shot: "Կրակոց", muzzle_flash: "Բռնկում", projectile: "Արկ օդում", illumination_flare: "Լուսարձակող հրթիռ", overflight: "Ինքնաթիռ, անօդաչու", weapon_present: "Զենք կա", damage: "Վնաս", other: "Այլ",
  flight: "Ո՞ր ուղղությամբ", outgoing: "Ելքային", impact: "Մուտքային", sure: "Որքա՞ն վստահ եք", low: "Վստահ չեմ", medium: "Բավական", high: "Վստահ եմ", more: "Լուսանկար, ձայն, բառեր", photo: "Լուսանկար", voice: "Ձայնագրություն", stop: "ԿԱՆԳ", words: "Բառերով, առանց անունների",
  where: "Որտե՞ղ եք", map: "Նշել քարտեզի վրա", gps: "GPS-ով", post: "դիրքը", none: "ՏԵՂ ՉԿԱ", doubt: "GPS-ԻՆ ՄԻ՛ ՎՍՏԱՀԵՔ", doubt_jump: "ցատկել է", doubt_post: "հեռու է դիրքից", doubt_stale: "ժամը սխալ է",
  who: "Ո՞վ կանգնեցրեց", nobody: "Հայտնի չէ", delayed: "Հետաձգեցին, հետո թողեցին", since: "Ոչինչ որքա՞ն ժամանակ", hour: "1 ժամ", quarter: "15 րոպե", shift: "8 ժամ", start: "ՍԿԻԶԲ", waypoint: "ԿԵՏ", end: "ՎԵՐՋ", running: "դիտում սկսած", lost: "Ավելի քան 15 րոպե առանց տեղի. չի հաշվվում որպես դիտում։",
  kept: "Պահված է։ Այստեղ ոչ ոք չի կարդա։", waiting: "սպասում են", all_sent: "ամեն ինչ ուղարկված է", offline: "ցանց չկա", overdue: "ՆՇՎԵ՛Ք ՀԻՄԱ", next: "հաջորդ նշումը", language: "Լեզու", code: "Կոդ", wipe_new: "Ջնջման կոդ. ով այն մուտքագրի, կդատարկի այս հեռախոսը", set: "Սահմանել", pairing: "Հեռախոսի կապակցում...", unpaired: "Հեռախոսը կապակցված չէ։ Բացեք առաքելության տված հղումը։",
  used: "Հղումն արդեն օգտագործված է։ Խնդրեք ուրիշը։", key: "Սերվերը ցույց տվեց այլ բանալի, քան հղումը։ ՄԻ՛ շարունակեք, հայտնեք առաքելությանը։", failed: "Ցանց չկա, կամ հղումը սխալ է։ Փորձեք կրկին։", old: "Դիտարկիչը շատ հին է գաղտնագրելու համար։ Օգտագործեք ավելի նորը։", no_photo: "Ֆայլը չհաջողվեց պահել։", no_micro: "Խոսափող չկա։",
};
const AZ = {
  heard: "EŞİDİLDİ", saw: "GÖRÜLDÜ", denied: "BURAXILMADI", quiet: "HADİSƏ YOXDUR", patrol: "PATRUL", watch: "POSTDA", checkin: "QEYDİYYAT", settings: "Ayarlar",
  back: "Geri", send: "GÖNDƏR", keep: "SAXLA", tap: "hər biri üçün toxunun", minus: "−1", bearing: "Haradan?", compass: "Kompas", clock: "Saat", facing: "Saat 12:", unknown: "məlum deyil",
  distance: "Nə qədər uzaq?", kind: "Nə?", explosion: "Partlayış", burst: "Atəş seriyası", shot: "Atəş", muzzle_flash: "Parıltı", projectile: "Havada mərmi", illumination_flare: "İşıqlandırıcı raket", overflight: "Təyyarə, dron", weapon_present: "Silah var", damage: "Dağıntı", other: "Digər",
  flight: "Hansı istiqamət?", outgoing: "Gedən", impact: "Gələn", sure: "Nə qədər əminsiniz?", low: "Əmin deyiləm", medium: "Qismən", high: "Əminəm", more: "Foto, səs, söz", photo: "Foto", voice: "Səs yazısı", stop: "DAYAN", words: "Sözlə, adsız",
  where: "Haradasınız?", map: "Xəritədə göstər", gps: "GPS ilə", post: "post", none: "YER YOXDUR", doubt: "GPS-Ə İNANMAYIN", doubt_jump: "sıçrayıb", doubt_post: "postdan uzaqdır", doubt_stale: "vaxtı səhvdir",
  who: "Kim saxladı?", nobody: "Məlum deyil", delayed: "Gecikdirildi, sonra buraxıldı", since: "Nə vaxtdan heç nə?", hour: "1 saat", quarter: "15 dəq", shift: "8 saat", start: "BAŞLA", waypoint: "NÖQTƏ", end: "SON", running: "müşahidə başlayıb", lost: "15 dəqiqədən çox yersiz: müşahidə sayılmır.",
  kept: "Saxlanıldı. Burada heç kim oxuya bilməz.", waiting: "gözləyir", all_sent: "hamısı göndərilib", offline: "şəbəkə yoxdur", overdue: "İNDİ QEYD OLUNUN", next: "növbəti qeyd", language: "Dil", code: "Kod", wipe_new: "Silmə kodu: onu yazan bu telefonu boşaldır", set: "Təyin et", pairing: "Telefon qoşulur...", unpaired: "Telefon qoşulmayıb. Missiyanın verdiyi linki açın.",
  used: "Bu link artıq istifadə olunub. Başqasını istəyin.", key: "Server linkdəkindən fərqli açar göstərdi. DAVAM ETMƏYİN; missiyaya bildirin.", failed: "Şəbəkə yoxdur və ya link səhvdir. Yenidən cəhd edin.", old: "Brauzer şifrələmək üçün köhnədir. Daha yenisini istifadə edin.", no_photo: "Fayl saxlanıla bilmədi.", no_micro: "Mikrofon yoxdur.",
};

export const LANGUAGES = { en: ["English", EN], ru: ["Русский", RU], hy: ["Հայերեն", HY], az: ["Azərbaycanca", AZ] };
let spoken = "en";
export const speak = (lang) => { spoken = lang in LANGUAGES ? lang : "en"; document.documentElement.lang = spoken; };
export const language = () => spoken;
export const say = (word) => LANGUAGES[spoken][1][word] ?? word;
