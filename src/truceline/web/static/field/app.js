// The form: a few screens, the next one always a thumb away. It shows how much waits, and never what.

import * as device from "./device.js";
import { button, make, map, sendButton } from "./parts.js";
import { Place } from "./place.js";
import { report } from "./report.js";
import { Round, denied, quiet } from "./rounds.js";
import { LANGUAGES, language, say, speak } from "./words.js";

const AUTO_FIX_MS = 5 * 60000, LONGEST_WAIT_MS = 60000;
const form = document.querySelector("#form"), top = document.querySelector("#top"), said = document.querySelector("#said");
let place, round, leave = () => {}, wait = 2000, timer, network = "";

function show(...screen) {
  leave();
  leave = () => {};
  said.textContent = "";
  const exercise = device.profile()?.exercise ? make("p", { className: "exercise" }, make("span", {}, "EXERCISE")) : null;
  form.replaceChildren(...[exercise, ...screen].filter(Boolean));
  form.focus({ preventScroll: true });
  scrollTo(0, 0);
  head(true);
}

async function head(inside) {
  const number = await device.waiting();
  const counted = number ? `${number} ${say("waiting")}` : say("all_sent");
  top.replaceChildren(
    inside && form.dataset.screen !== "home" ? button(say("back"), home, { "data-act": "back" }) : "",
    make("span", { className: "grow", id: "queue", "data-waiting": String(number) }, network === "offline" ? `${counted}, ${say("offline")}` : counted),
    button("⚙", settings, { "aria-label": say("settings"), "data-act": "settings" }),
  );
}

const go = (name, ...screen) => { form.dataset.screen = name; show(...screen); };

function done(word) {
  leave = () => {};
  navigator.vibrate?.([40, 40, 40]);
  go("done", make("p", { className: "done" }, word ?? say("kept")));
  soon(0);
  setTimeout(() => form.dataset.screen === "done" && home(), 1100);
}

const trying = (act) => async (...given) => {
  try { await act(...given); } catch (problem) { said.textContent = say(problem.message); if (problem.message === "none") go("map", ...mapScreen(home)); }
};

function home() {
  const own = device.profile();
  const open = (name) => () => {
    const made = report(name, place, done);
    go("report", ...made.screen);
    leave = made.leave;
  };
  go("home",
    device.isOverdue() ? make("p", { className: "alarm", role: "alert" }, say("overdue")) : "",
    button(say("heard"), open("heard"), { className: "big", "data-act": "heard" }), button(say("saw"), open("saw"), { className: "big", "data-act": "saw" }),
    button(say("denied"), deniedScreen, { className: "big", "data-act": "denied" }), button(say("quiet"), quietScreen, { className: "big", "data-act": "quiet" }),
    make("div", { className: "pair" }, button(say(own.source_kind === "post" ? "watch" : "patrol"), roundScreen, { className: "big", "data-act": "round" }), button(say("checkin"), checkinScreen, { className: "big", "data-act": "checkin" })),
    whereLine());
}

function whereLine() {
  const best = place.best();
  return make("div", { className: place.doubt ? "alarm" : "", id: "where", "data-by": best?.by ?? "none", "data-doubt": place.doubt },
    place.doubt ? make("p", { role: "alert" }, `${say("doubt")}: ${say(`doubt_${place.doubt}`)}`) : "",
    make("div", { className: "pair" }, make("p", {}, best ? say(best.by === "map" ? "map" : best.by) : say("none")), button(say("map"), () => go("map", ...mapScreen(home)), { "data-act": "map" })));
}

function mapScreen(after) {
  return [make("h1", {}, say("where")), map(device.profile().features, place.doubt ? null : place.best(), (drawn) => { place.drawn = drawn; }), button(say("gps"), () => { place.drawn = null; after(); }), button(say("set"), after, { className: "send", "data-act": "set" })];
}

function deniedScreen() {
  const stopped = (by, outcome) => trying(async (duress) => { await denied(place, by, outcome, duress); done(); });
  const own = device.profile();
  const names = own.parties.map((party) => [party.id, party.names[language()] ?? party.names.en ?? party.id]);
  go("denied", make("h1", {}, say("who")), ...[...names, ["", say("nobody")]].map(([id, name]) => { const one = sendButton(name, stopped(id, "access_denied")); one.className = "big"; one.dataset.by = id; return one; }),
    sendButton(say("delayed"), stopped("", "delayed")));
}

function quietScreen() {
  go("quiet", make("h1", {}, say("since")), ...[[15, "quarter"], [60, "hour"], [480, "shift"]].map(([minutes, word]) => { const one = sendButton(say(word), trying(async (duress) => { await quiet(place, minutes, duress); done(); })); one.className = "big"; one.dataset.minutes = minutes; return one; }));
}

function roundScreen() {
  const named = make("h1", {}, say(device.profile().source_kind === "post" ? "watch" : "patrol"));
  if (!round.since) return go("round", named, whereLine(), sendButton(say("start"), trying(async () => { await round.start(); roundScreen(); })));
  const counted = async (took) => done(await took ? undefined : say("lost"));
  const waypoint = sendButton(say("waypoint"), trying(async (duress) => counted(round.waypoint(duress))));
  waypoint.className = "big";
  return go("round", named, make("p", {}, `${say("running")} ${new Date(round.since).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" })}`), whereLine(), waypoint, sendButton(say("end"), trying(async (duress) => counted(round.end(duress)))));
}

function checkinScreen() {
  const due = device.setting("due");
  go("checkin", make("h1", {}, say("checkin")), due ? make("p", {}, `${say("next")}: ${new Date(due).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" })}`) : "",
    sendButton(say("checkin"), async (duress) => { const at = place.best(); await device.checkin(duress, at ? { lon: at.lon, lat: at.lat, by: at.by } : null); done(); }));
}

function settings() {
  const code = make("input", { type: "text", inputMode: "numeric", autocomplete: "off", "aria-label": say("code"), "data-act": "code" });
  const fresh = make("input", { type: "text", inputMode: "numeric", autocomplete: "off", "aria-label": say("wipe_new"), "data-act": "fresh" });
  go("settings", make("h1", {}, say("language")), ...Object.entries(LANGUAGES).map(([lang, [name]]) => button(name, async () => { speak(lang); if (device.isPaired()) await device.keep("lang", lang); home(); }, { lang, "aria-pressed": String(lang === language()), "data-lang": lang })),
    device.isPaired() && make("h2", {}, say("code")), device.isPaired() && code, device.isPaired() && button("OK", async () => { if (await device.tryWipe(code.value)) nothing(); else home(); }, { "data-act": "ok" }),
    device.isPaired() && !device.setting("wipe") && make("h2", {}, say("wipe_new")), device.isPaired() && !device.setting("wipe") && fresh, device.isPaired() && !device.setting("wipe") && button(say("set"), async () => { if (fresh.value) await device.setWipeCode(fresh.value); home(); }, { "data-act": "set-code" }));
}

/// Nothing is left, and nothing says what was here.
function nothing() {
  clearTimeout(timer);
  document.title = "";
  document.body.replaceChildren();
  history.replaceState(null, "", "/field");
}

/// Try to send soon; twice as late after each failure. With nothing waiting nothing is tried.
function soon(after) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    network = navigator.onLine ? await device.sync() : "offline";
    if (network === "gone") return nothing();
    await head(true);
    wait = network === "offline" || network === "waiting" ? Math.min(2 * wait, LONGEST_WAIT_MS) : 2000;
    if (network !== "sent") soon(wait);
  }, after);
}

async function begin() {
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/field/worker.js", { scope: "/field" }).catch(() => {});
  navigator.storage?.persist?.();
  speak(navigator.language.slice(0, 2));
  const paired = await device.load(), [token, mark] = location.hash.slice(1).split(".");
  if (device.setting("lang")) speak(device.setting("lang"));
  history.replaceState(null, "", "/field");
  if (!paired) {
    if (!token || !mark) return go("unpaired", make("p", { className: "alarm" }, say("unpaired")));
    go("pairing", make("p", {}, say("pairing")));
    try {
      await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]).catch(() => { throw new Error("old"); });
      await device.pair(token, mark);
    } catch (problem) {
      const word = ["used", "key", "old"].includes(problem.message) ? problem.message : "failed";
      return go("unpaired", make("p", { className: "alarm", role: "alert", "data-problem": word }, say(word), make("span", { className: "note" }, ` ${problem.detail ?? problem.message}`)));
    }
  }
  place = new Place(device.profile().post);
  round = new Round(place);
  place.listen(() => { const line = document.querySelector("#where"); if (line) line.replaceWith(whereLine()); });
  device.changed.addEventListener("queue", () => head(true));
  addEventListener("online", () => { wait = 2000; soon(0); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(0); });
  setInterval(() => { if (round.since && !document.hidden) round.waypoint().catch(() => {}); }, AUTO_FIX_MS);
  setInterval(() => { if (device.isOverdue()) { navigator.vibrate?.([300, 200, 300]); if (form.dataset.screen === "home" && !document.querySelector(".alarm[role=alert]")) home(); } }, 30000);
  home();
  soon(0);
}

begin();
