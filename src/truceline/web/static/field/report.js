// One report of what was heard or seen: a counter, where from, how far, what. Everything but the count may stay unsaid.

import * as device from "./device.js";
import { button, choice, dial, make, sendButton } from "./parts.js";
import { udeg } from "./place.js";
import { language, say } from "./words.js";

const BANDS = { "0-1": [0, 1000], "1-2": [1000, 2000], "2-5": [2000, 5000], "5-10": [5000, 10000], "10+": [10000, 20000] };
const UNKNOWN_BAND = [0, 15000];
const HEARD = ["explosion", "burst", "shot", "projectile", "overflight", "other"];
const SAW = ["muzzle_flash", "explosion", "projectile", "illumination_flare", "overflight", "weapon_present", "damage", "other"];
const YARDSTICK_MS = 2000;

export function report(means, place, done) {
  const own = device.profile();
  const form = { means, count: 0, first: null, last: null, band: "", act: means === "heard" ? "explosion" : "muzzle_flash", description: "unknown", sure: "medium", media: [], text: "" };
  const turn = { mode: device.setting("dial") ?? "compass", facing: own.facing_deg, bearing: null };
  const draft = device.random(16);
  let timer = null, writing = Promise.resolve();
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { writing = writing.then(() => device.keepDraft(draft, { ...form, bearing: turn.bearing, place: place.best() })); }, 150);
  };
  const counter = button("0", () => count(1), { className: "count", "data-act": "count", "aria-label": say("tap") });
  const count = (by) => {
    const at = device.now().ms;
    form.count = Math.max(0, form.count + by);
    if (by > 0) { form.first ??= at; form.last = at; }
    counter.textContent = form.count;
    navigator.vibrate?.(15);
    changed();
  };
  const took = (name) => (value) => { form[name] = value; changed(); };
  const words = (names) => Object.fromEntries(names.map((name) => [name, say(name)]));

  const files = make("p", { className: "note" });
  const attach = async (file) => {
    if (!file) return;
    try { form.media.push(await device.attach(file)); files.textContent = `+ ${form.media.length}`; changed(); } catch { files.textContent = say("no_photo"); }
  };
  const picker = make("input", { type: "file", accept: "image/*", capture: "environment", hidden: true, "data-act": "photo", onchange: () => attach(picker.files[0]).then(() => { picker.value = ""; }) });
  const voice = button(say("voice"), () => speakInto(voice, attach, files));
  const more = make("details", {}, make("summary", {}, say("more")),
    make("div", { className: "pair" }, button(say("photo"), () => picker.click()), voice), picker, files,
    make("textarea", { rows: 2, maxLength: 500, placeholder: say("words"), "aria-label": say("words"), autocomplete: "off", spellcheck: false, oninput: (moment) => { form.text = moment.target.value; changed(); } }));

  const send = sendButton(say("send"), async (duress) => {
    clearTimeout(timer);
    await writing;
    await device.keep("dial", turn.mode);
    await device.record([["observation", { row: row(form, turn, place, own), duress, ...(form.media.length ? { media: form.media } : {}), capture: { ...device.capture(), ...place.capture(), confidence: form.sure } }]], draft);
    done(say("kept"));
  });
  const leave = () => { clearTimeout(timer); writing.then(() => device.dropDraft(draft)); };
  const screen = [
    make("h1", {}, say(means)), make("p", { className: "note" }, say("tap")), counter, button(say("minus"), () => count(-1)),
    make("section", {}, make("h2", {}, say("bearing")), dial(turn, changed)),
    choice(say("distance"), Object.fromEntries(Object.keys(BANDS).map((name) => [name, `${name} km`])), "", took("band")),
    choice(say("kind"), words(means === "heard" ? HEARD : SAW), form.act, (value) => { form.act = value || "unknown"; changed(); }),
    choice(say("flight"), { outgoing: say("outgoing"), impact: say("impact") }, "", (value) => { form.description = value || "unknown"; changed(); }),
    choice(say("sure"), words(["low", "medium", "high"]), form.sure, (value) => { form.sure = value || "medium"; changed(); }),
    more, send,
  ];
  return { screen, leave };
}

/// The row of the report. Times are as wide as the clock is uncertain; without a bearing the place is a disc around the post.
export function row(form, turn, place, own) {
  const { ms, age } = device.now(), here = place.best(), [near, far] = BANDS[form.band] ?? UNKNOWN_BAND;
  const slack = age === null ? 60000 : YARDSTICK_MS + Math.round(age * 50e-6);
  const sector = here && turn.bearing !== null;
  return {
    obs_id: `${own.exercise ? "EXERCISE-" : ""}${device.random(16)}`, source_id: own.source_id, source_kind: own.source_kind, stance: "report", exercise: own.exercise,
    observed_from_ms: (form.first ?? ms) - slack, observed_to_ms: (form.last ?? ms) + slack, time_precision: "interval", means: form.means, act: form.act, description: form.description,
    count_min: Math.max(1, form.count), ...(form.count ? { count_max: form.count } : {}), place_kind: sector ? "sector" : here ? "point" : "unknown", ...udeg(here),
    ...(sector ? { range_min_m: near, range_max_m: far, bearing_mdeg: Math.round(turn.bearing * 1000), bearing_step_mdeg: turn.mode === "clock" ? 30000 : 22500 } : here ? { error_m: Math.round(far * 0.7) + (here.error ?? 0) } : {}),
    ...(form.text ? { text: `${own.exercise ? "EXERCISE: " : ""}${form.text}`, lang: language() } : {}),
  };
}

async function speakInto(voice, attach, files) {
  if (voice.recording) return voice.recording.stop();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }), recording = new MediaRecorder(stream), heard = [];
    recording.ondataavailable = (moment) => heard.push(moment.data);
    recording.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      voice.recording = null;
      voice.textContent = say("voice");
      attach(new Blob(heard, { type: recording.mimeType }));
    };
    recording.start();
    voice.recording = recording;
    voice.textContent = say("stop");
    setTimeout(() => recording.state === "recording" && recording.stop(), 120000);
  } catch { files.textContent = say("no_micro"); }
}
