// The device: its key, its numbers, its queue. What goes into the queue is sealed first, and cannot be opened here again.

import { joined, seal } from "./hpke.js";
import * as store from "./store.js";

const text = new TextEncoder();
const PIECE = 256 * 1024 - 512;
const BATCH_BYTES = 480 * 1024;
const OFF_MS = 2000;
let own = {};
export const changed = new EventTarget();

export const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
export const unhex = (said) => Uint8Array.from(said.match(/../g) ?? [], (two) => parseInt(two, 16));
export function random(size) { return hex(crypto.getRandomValues(new Uint8Array(size))); }
const SESSION = random(8);
const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

function base64(bytes) {
  let said = "";
  for (let at = 0; at < bytes.length; at += 32768) said += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(said);
}

/// RFC 8785, for what has no number but integers.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).filter((name) => value[name] !== undefined).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

export const profile = () => own.profile;
export const isPaired = () => Boolean(own.profile && own.key);
export const setting = (name) => own[name];

export async function keep(name, value) {
  own[name] = value;
  await store.change((held) => { held.put(value, name); });
}

export async function load() {
  for (const name of ["profile", "key", "token", "clock", "wipe", "lang", "due", "dial"]) own[name] = await store.read(name);
  return isPaired();
}

/// The time as the mission's clock had it when they last met, and how old that is.
export function now() {
  const clock = own.clock;
  return { ms: Date.now() + (clock?.offset ?? 0), age: clock ? Math.max(0, Date.now() - clock.at) : null };
}

export function capture() {
  const { age } = now();
  const backwards = Math.round(booted - (Date.now() - performance.now()));
  return { clock: age === null ? "device" : "mission", clock_age_s: age === null ? -1 : Math.round(age / 1000), ...(backwards > OFF_MS ? { clock_set_back_s: Math.round(backwards / 1000) } : {}) };
}
const booted = Date.now() - performance.now();

async function call(path, body) {
  const options = { headers: { "X-Device-Token": own.token }, credentials: "omit", cache: "no-store", redirect: "error" };
  if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body), headers: { ...options.headers, "Content-Type": "application/json" } });
  const answer = await fetch(path, options);
  if (!answer.ok) throw Object.assign(new Error(`${answer.status}`), { status: answer.status, detail: (await answer.json().catch(() => ({}))).detail });
  return answer.json();
}

/// Pair this phone with the token and the fingerprint of a link. Throws where the mission's key is another one.
export async function pair(token, fingerprint) {
  own.token = token;
  const met = Date.now(), told = await call("/field/profile");
  if (told.state !== "new") throw new Error("used");
  if (hex(await digest(unhex(told.key))).slice(0, 32) !== fingerprint) throw new Error("key");
  const key = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const open = new Uint8Array(await crypto.subtle.exportKey("raw", key.publicKey));
  const { text: given } = await call("/field/enrolment", { public_key: hex(open) });
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key.privateKey, text.encode(given)));
  await call("/field/pair", { text: given, signature: hex(signature) });
  const id = (await digest(joined(text.encode(`${told.device}\n`), [1], open))).slice(0, 4);
  const clock = { offset: Math.round(told.now_ms - (met + Date.now()) / 2), at: Date.now(), since: 0 };
  await store.change((held) => {
    for (const [name, value] of Object.entries({ profile: told, key: { sign: key.privateKey, id }, token, clock, chain: { seq: 0, prev: "" } })) held.put(value, name);
  });
  await load();
}

const sign = async (said) => new Uint8Array(await crypto.subtle.sign("Ed25519", own.key.sign, said));

async function envelope(id, head, payload) {
  const said = text.encode(JSON.stringify(head)), size = 8 + said.length + payload.length;
  let bucket = 2048;
  while (bucket < size) bucket *= 2;
  const plain = new Uint8Array(bucket), view = new DataView(plain.buffer);
  view.setUint32(0, said.length);
  view.setUint32(4, payload.length);
  plain.set(said, 8);
  plain.set(payload, 8 + said.length);
  const info = text.encode(`truceline/field/v1\n${own.profile.device}\n${id}`);
  return { id, sealed: await seal(unhex(own.profile.key), info, plain) };
}

/// Sign and seal records, the next in the device's sequence, in one step; an envelope of a draft that they finish goes.
export async function record(records, draft) {
  await navigator.locks.request("truceline-chain", async () => {
    let { seq, prev } = await store.read("chain");
    const sealed = [];
    for (const [kind, body] of records) {
      const entry = { kind, author: own.profile.device, seq, prev, seen: own.profile.seen, at: new Date(now().ms).toISOString(), body, signers: [] };
      const said = text.encode(`${own.profile.origin}/entry/v2\n${canonical(entry)}\n`);
      const line = text.encode(`\n— ${own.profile.device} ${base64(joined(own.key.id, await sign(said)))}\n`);
      sealed.push(await envelope(random(16), { kind: "record" }, joined(said, line)));
      [seq, prev] = [seq + 1, hex(await digest(said))];
    }
    await store.change((held, queue) => {
      held.put({ seq, prev }, "chain");
      for (const one of sealed) queue.add(one);
      if (draft) store.drop(queue, draft);
    });
  });
  told();
}

/// Keep what is being entered, sealed; it replaces itself under its id and is sent only if this page does not come to an end with it.
export async function keepDraft(id, form) {
  const one = await envelope(id, { kind: "draft" }, text.encode(JSON.stringify({ at_ms: now().ms, ...form })));
  await store.change((held, queue) => {
    const found = queue.index("id").getKey(id);
    found.onsuccess = () => { if (found.result === undefined) queue.add({ ...one, session: SESSION }); else queue.put({ ...one, session: SESSION }, found.result); };
  });
}

export const dropDraft = (id) => store.change((held, queue) => store.drop(queue, id));

/// Seal a photo or a voice note at once. Returns the SHA-256 of its original bytes.
export async function attach(file) {
  const bytes = new Uint8Array(await file.arrayBuffer()), media = hex(await digest(bytes));
  const parts = Math.max(1, Math.ceil(bytes.length / PIECE));
  for (let part = 0; part < parts; part++) {
    const one = await envelope(random(16), { kind: "piece", media, part, parts, type: file.type }, bytes.subarray(part * PIECE, (part + 1) * PIECE));
    await store.change((held, queue) => { queue.add(one); });
  }
  return media;
}

export async function checkin(duress, place) {
  const at = now().ms, next = at + own.profile.checkin_min * 60000;
  const said = text.encode(`${JSON.stringify({ at_ms: at, next_ms: own.profile.checkin_min ? next : null, place, duress })}\n`);
  const one = await envelope(random(16), { kind: "checkin" }, joined(said, [0], await sign(said)));
  await store.change((held, queue) => { queue.add(one); held.put(next, "due"); });
  own.due = next;
  told();
}

export const isOverdue = () => Boolean(own.profile?.checkin_min && own.due && now().ms > own.due);

function told() { changed.dispatchEvent(new Event("queue")); }

/// How many envelopes wait here.
export const waiting = () => store.number();

/// Send what waits, the oldest first, as long as the mission takes it. Resolves with a word: sent, waiting, offline, gone.
export const sync = () => navigator.locks.request("truceline-sync", { ifAvailable: true }, async (lock) => {
  if (!lock || !isPaired()) return "waiting";
  let after = 0;
  try {
    for (;;) {
      const batch = await store.batch(after, BATCH_BYTES, SESSION);
      const met = Date.now();
      const answer = await call("/field/envelopes", { envelopes: batch.map(({ id, sealed }) => ({ id, sealed: base64(sealed) })) });
      await clock(answer.now_ms, met, Date.now());
      const done = answer.answers.filter((one) => one.status !== "later");
      await store.change((held, queue) => {
        for (const one of done) store.drop(queue, one.id);
        own.profile = { ...own.profile, seen: answer.seen };
        held.put(own.profile, "profile");
      });
      told();
      if (answer.revoked && (await waiting()) === 0) { await store.wipe(); return "gone"; }
      if (!batch.length || done.length < batch.length) break;
      after = batch.at(-1).key;
    }
  } catch (problem) {
    if (problem.status === 404) return "gone";
    return "offline";
  }
  return (await waiting()) ? "waiting" : "sent";
});

/// Meet the mission's clock: where this one was off, a signed record says since when and by how much.
async function clock(theirs, sent, back) {
  const before = own.clock ?? { offset: 0, since: 0 }, offset = Math.round(theirs - (sent + back) / 2);
  const off = offset - before.offset, { seq } = await store.read("chain");
  if (Math.abs(off) > OFF_MS + (back - sent) / 2 && seq > before.since) await record([["clock", { since_seq: before.since, off_ms: off }]]);
  const { seq: since } = await store.read("chain");
  await keep("clock", { offset: Math.abs(off) > (back - sent) / 2 ? offset : before.offset, at: Date.now(), since });
}

async function code(said, salt) {
  const key = await crypto.subtle.importKey("raw", text.encode(said), "PBKDF2", false, ["deriveBits"]);
  return hex(new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: unhex(salt), iterations: 600000 }, key, 256)));
}

export async function setWipeCode(said) {
  const salt = random(16);
  await keep("wipe", { salt, hash: await code(said, salt) });
}

/// Whether it was the wipe code; then this phone is no device any more.
export async function tryWipe(said) {
  if (!own.wipe || (await code(said, own.wipe.salt)) !== own.wipe.hash) return false;
  await store.wipe();
  own = {};
  return true;
}
