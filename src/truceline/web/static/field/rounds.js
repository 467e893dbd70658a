// Watching as such: patrols and turns at a post, access denied, nothing to report.

import * as device from "./device.js";
import { metres, pieces, udeg } from "./place.js";

const LOST_MS = 15 * 60000;
const mark = () => `${device.profile().exercise ? "EXERCISE-" : ""}${device.random(16)}`;

function watch(from, to, outcome, here, duress, place, more = {}) {
  const own = device.profile();
  return ["watch", {
    row: { watch_id: mark(), source_id: own.source_id, source_kind: own.source_kind, from_ms: from, to_ms: to, outcome, ...udeg(here), radius_m: own.radius_m, exercise: own.exercise, ...more },
    duress, capture: { ...device.capture(), ...place.capture() },
  }];
}

/// A patrol or a turn at a post, while it lasts. What lies behind is sealed already; only the last fix is held, in memory.
export class Round {
  constructor(place) {
    this.place = place;
    this.since = null;
    this.fix = null;
  }

  /// Begin. Throws where no place is known.
  async start() {
    const here = this.place.best();
    if (!here) throw new Error("none");
    this.since = device.now().ms;
    this.fix = { at: this.since, lon: here.lon, lat: here.lat };
  }

  /// A waypoint; what was watched since the last one is kept. Returns whether it counts: after 15 minutes without a place it does not, at a post it does.
  async waypoint(duress = "0") {
    const here = this.place.best(), at = device.now().ms;
    if (!here) throw new Error("none");
    const before = this.fix, next = { at, lon: here.lon, lat: here.lat };
    const fixed = device.profile().source_kind === "post" && metres(before, next) < 200;
    const counts = at > before.at && (fixed || at - before.at <= LOST_MS);
    if (counts) await device.record(pieces(before, next, device.profile().radius_m).map(([from, to, middle]) => watch(from, to, "watched", middle, duress, this.place)));
    this.fix = next;
    return counts || at === before.at;
  }

  async end(duress) {
    const counted = await this.waypoint(duress);
    this.since = this.fix = null;
    return counted;
  }
}

/// Access denied or delayed, where and by whom; a minute long, for no longer is known.
export async function denied(place, by, outcome, duress) {
  const here = place.best(), at = device.now().ms;
  if (!here) throw new Error("none");
  await device.record([watch(at - 60000, at, outcome, here, duress, place, by ? { blocked_by: by } : {})]);
}

/// Nothing happened in so many minutes, within what is watched from here; at a post it was watched as well.
export async function quiet(place, minutes, duress) {
  const own = device.profile(), here = place.best(), at = device.now().ms, from = at - minutes * 60000;
  const row = {
    obs_id: mark(), source_id: own.source_id, source_kind: own.source_kind, stance: "quiet", act: "unknown", means: "heard", exercise: own.exercise, observed_from_ms: from, observed_to_ms: at,
    time_precision: "interval", count_min: 0, count_max: 0, place_kind: here ? "point" : "unknown", ...udeg(here), ...(here ? { error_m: own.radius_m } : {}),
  };
  const records = [["observation", { row, duress, capture: { ...device.capture(), ...place.capture() } }]];
  if (own.source_kind === "post" && here) records.push(watch(from, at, "watched", here, duress, place));
  await device.record(records);
}
