// Where the phone is: from its receiver, from the declared post, or drawn on the map; and whether the receiver can be believed.

const R = 6371008.8, RAD = Math.PI / 180;
const FASTEST_M_S = 70, FAR_FROM_POST_M = 500, STALE_MS = 60000;

export function metres(a, b) {
  const x = Math.sin((b.lat - a.lat) * RAD / 2) ** 2 + Math.cos(a.lat * RAD) * Math.cos(b.lat * RAD) * Math.sin((b.lon - a.lon) * RAD / 2) ** 2;
  return 2 * R * Math.asin(Math.sqrt(x));
}

/// Why a fix cannot be believed: "jump" faster than any vehicle, "post" far from the declared post, "stale"; "" where it can.
export function doubt(fix, before, post) {
  if (Math.abs(fix.received - fix.at) > STALE_MS) return "stale";
  if (post && metres(fix, post) > Math.max(FAR_FROM_POST_M, 3 * fix.error)) return "post";
  if (before) {
    const gone = Math.max(1, (fix.at - before.at) / 1000), moved = metres(fix, before) - fix.error - before.error;
    if (moved / gone > FASTEST_M_S) return "jump";
  }
  return "";
}

export class Place {
  constructor(post) {
    this.post = post ? { lon: post[0], lat: post[1] } : null;
    this.fix = null;
    this.trusted = null;
    this.drawn = null;
    this.doubt = "";
  }

  /// Listen to the receiver while the page is seen.
  listen(changed) {
    if (!navigator.geolocation) return;
    navigator.geolocation.watchPosition((got) => {
      const fix = { lon: got.coords.longitude, lat: got.coords.latitude, error: Math.round(got.coords.accuracy), at: got.timestamp, received: Date.now() };
      this.doubt = doubt(fix, this.trusted, this.post);
      if (!this.doubt) this.trusted = fix;
      this.fix = fix;
      changed();
    }, () => changed(), { enableHighAccuracy: true, maximumAge: 15000 });
  }

  /// The best that is known: what a person drew, a fix that can be believed, the post, a fix that cannot; or nothing.
  best() {
    if (this.drawn) return { ...this.drawn, by: "map" };
    if (this.trusted && !this.doubt && Date.now() - this.trusted.received < 5 * STALE_MS) return { ...this.trusted, by: "gps" };
    if (this.post) return { ...this.post, error: 50, by: "post" };
    if (this.fix) return { ...this.fix, by: "gps" };
    return null;
  }

  /// How the place came about, for the record.
  capture() {
    const best = this.best();
    return { place_by: best?.by ?? "none", ...(this.fix ? { gps_error_m: this.fix.error } : {}), ...(this.doubt ? { gps_doubt: this.doubt } : {}) };
  }
}

/// Columns of a record for a place; whole micro-degrees.
export const udeg = (place) => place ? { lon_udeg: Math.round(place.lon * 1e6), lat_udeg: Math.round(place.lat * 1e6) } : {};

/// Pieces of a way between two fixes in which one moves at most half of what is watched: [from_ms, to_ms, {lon, lat}] each.
export function pieces(a, b, radius) {
  const count = Math.max(1, Math.ceil(metres(a, b) / (radius / 2)));
  return Array.from({ length: count }, (_, k) => {
    const at = (share) => Math.round(a.at + (b.at - a.at) * share), middle = (k + 0.5) / count;
    return [at(k / count), at((k + 1) / count), { lon: a.lon + (b.lon - a.lon) * middle, lat: a.lat + (b.lat - a.lat) * middle }];
  });
}
