// Buttons and the like. What is built here shows no record that was kept.

import { say } from "./words.js";

const LONG_MS = 2000;

export function make(tag, options = {}, ...inside) {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith("on")) one.addEventListener(name.slice(2), value);
    else if (name in one && name !== "list") one[name] = value;
    else one.setAttribute(name, value);
  }
  one.append(...inside.filter((part) => part !== null && part !== undefined));
  return one;
}

export const button = (word, act, options = {}) => make("button", { type: "button", onclick: act, ...options }, word);

/// A choice of one; pressed again it is not chosen any more. `words` maps values to what stands on the buttons.
export function choice(title, words, chosen, took) {
  const row = make("div", { className: "row", role: "group", "aria-label": title });
  for (const [value, word] of Object.entries(words)) {
    const one = button(word, () => {
      const off = one.getAttribute("aria-pressed") === "true";
      for (const other of row.children) other.setAttribute("aria-pressed", "false");
      one.setAttribute("aria-pressed", String(!off));
      took(off ? "" : value);
    }, { "aria-pressed": String(value === chosen), "data-value": value });
    row.append(one);
  }
  return make("section", {}, make("h2", {}, title), row);
}

/// The button that keeps a report. Held down for two seconds it keeps it as said under force, and looks the same.
export function sendButton(word, act) {
  let pressed = null, busy = false;
  const one = button(word, async () => {
    if (busy) return;
    busy = true;
    const long = pressed !== null && performance.now() - pressed >= LONG_MS;
    pressed = null;
    try { await act(long ? "1" : "0"); } catch (problem) { busy = false; document.querySelector("#said").textContent = String(problem.message ?? problem); }
  }, { className: "send", "data-act": "send" });
  one.addEventListener("pointerdown", () => { pressed = performance.now(); });
  one.addEventListener("contextmenu", (moment) => moment.preventDefault());
  return one;
}

/// Bearings around a circle: 16 of a compass, or the 12 hours of a clock whose 12 lies at `facing`.
export function dial(state, took) {
  const around = make("div", { className: "dial", role: "group", "aria-label": say("bearing") });
  const draw = () => {
    around.replaceChildren();
    const hours = state.mode === "clock", steps = hours ? 12 : 16;
    const names = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];
    for (let step = 0; step < steps; step++) {
      const turn = step * 2 * Math.PI / steps, bearing = (step * 360 / steps + (hours ? state.facing : 0)) % 360;
      const one = button(hours ? String(step || 12) : names[step], () => {
        state.bearing = state.bearing === bearing ? null : bearing;
        draw();
        took();
      }, { "aria-pressed": String(state.bearing === bearing), "data-bearing": String(bearing) });
      one.style.left = `${50 + 41 * Math.sin(turn)}%`;
      one.style.top = `${50 - 41 * Math.cos(turn)}%`;
      around.append(one);
    }
    around.append(button(say(hours ? "compass" : "clock"), () => { state.mode = hours ? "compass" : "clock"; state.bearing = null; draw(); took(); }, { className: "middle" }));
  };
  draw();
  return around;
}

/// The mission's lines and sectors to draw a place on; `took` gets lon and lat.
export function map(features, centre, took) {
  const NS = "http://www.w3.org/2000/svg", svg = document.createElementNS(NS, "svg"), points = [];
  const all = (shape) => typeof shape[0] === "number" ? points.push(shape) : shape.forEach(all);
  features.forEach((one) => all(one.geometry.coordinates));
  if (centre) points.push([centre.lon, centre.lat]);
  if (!points.length) points.push([0, 0]);
  const span = (which) => [Math.min(...points.map((p) => p[which])), Math.max(...points.map((p) => p[which]))];
  const [west, east] = span(0), [south, north] = span(1), squeeze = Math.cos((south + north) / 2 * Math.PI / 180);
  const xy = ([lon, lat]) => [(lon - west) * squeeze, north - lat];
  const path = (shape) => typeof shape[0][0] === "number" ? `M${shape.map((p) => xy(p).join(" ")).join("L")}` : shape.map(path).join("");
  let box = [-0.05, -0.05, (east - west) * squeeze + 0.1, north - south + 0.1];
  const mark = document.createElementNS(NS, "circle");
  const view = () => { svg.setAttribute("viewBox", box.join(" ")); mark.setAttribute("r", box[2] / 60); };
  svg.setAttribute("class", "map");
  svg.setAttribute("role", "img");
  for (const one of features) {
    if (one.geometry.type === "Point") continue;
    const drawn = document.createElementNS(NS, "path");
    drawn.setAttribute("d", path(one.geometry.coordinates));
    drawn.setAttribute("class", one.role);
    svg.append(drawn);
  }
  const set = (x, y) => { mark.setAttribute("cx", x); mark.setAttribute("cy", y); svg.append(mark); };
  if (centre) set(...xy([centre.lon, centre.lat]));
  svg.addEventListener("click", (moment) => {
    const at = new DOMPoint(moment.clientX, moment.clientY).matrixTransform(svg.getScreenCTM().inverse());
    set(at.x, at.y);
    took({ lon: at.x / squeeze + west, lat: north - at.y, error: Math.max(50, Math.round(box[2] / 60 * 111320)) });
  });
  const zoom = (by) => {
    const x = Number(mark.getAttribute("cx") ?? box[0] + box[2] / 2), y = Number(mark.getAttribute("cy") ?? box[1] + box[3] / 2);
    box = [x - box[2] * by / 2, y - box[3] * by / 2, box[2] * by, box[3] * by];
    view();
  };
  view();
  return make("div", {}, svg, make("div", { className: "pair" }, button("+", () => zoom(0.5)), button("−", () => zoom(2))));
}
