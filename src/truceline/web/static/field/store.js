// What stays on the phone: the device's own state, and a queue of sealed envelopes. Nothing here can be read back as a report.

const NAME = "truceline-field";
let opened;

function database() {
  opened ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("own");
      asked.result.createObjectStore("queue", { autoIncrement: true }).createIndex("id", "id", { unique: true });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  return opened;
}

/// Run `act(own, queue)` in one transaction that is durable when the promise resolves with what `act` returned.
export async function change(act) {
  const base = await database();
  return new Promise((done, failed) => {
    const turn = base.transaction(["own", "queue"], "readwrite", { durability: "strict" });
    const made = act(turn.objectStore("own"), turn.objectStore("queue"));
    turn.oncomplete = () => done(made);
    turn.onerror = turn.onabort = () => failed(turn.error);
  });
}

async function ask(store, question) {
  const base = await database();
  return new Promise((done, failed) => {
    const asked = question(base.transaction(store).objectStore(store));
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

export const read = (name) => ask("own", (own) => own.get(name));
export const number = () => ask("queue", (queue) => queue.count());

/// The oldest envelopes after `after`, up to so many bytes and at least one; what is being entered in `session` stays out.
export async function batch(after, bytes, session) {
  const base = await database(), found = [];
  return new Promise((done, failed) => {
    const walk = base.transaction("queue").objectStore("queue").openCursor(IDBKeyRange.lowerBound(after, true));
    let size = 0;
    walk.onsuccess = () => {
      const at = walk.result;
      if (!at || (found.length && size + at.value.sealed.length > bytes) || found.length >= 150) return done(found);
      if (at.value.session !== session) {
        found.push({ key: at.key, id: at.value.id, sealed: at.value.sealed });
        size += at.value.sealed.length;
      }
      at.continue();
    };
    walk.onerror = () => failed(walk.error);
  });
}

/// Take an envelope out of the queue by its id, within a transaction.
export function drop(queue, id) {
  const found = queue.index("id").getKey(id);
  found.onsuccess = () => { if (found.result !== undefined) queue.delete(found.result); };
}

/// Forget everything: the device is none afterwards.
export async function wipe() {
  if (opened) (await opened).close();
  opened = undefined;
  await new Promise((done) => {
    const gone = indexedDB.deleteDatabase(NAME);
    gone.onsuccess = gone.onerror = gone.onblocked = done;
  });
  for (const name of await caches.keys()) await caches.delete(name);
  for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
}
