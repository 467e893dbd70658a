// Keeps the form itself for the time without a network: the files of one version, never an answer to a device.

const CACHE = `field-${VERSION}`;

self.addEventListener("install", (moment) => {
  moment.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((name) => new Request(name, { cache: "reload", credentials: "omit" })))).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (moment) => {
  moment.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (moment) => {
  const address = new URL(moment.request.url);
  if (moment.request.method !== "GET" || address.origin !== location.origin || !FILES.includes(address.pathname)) return;
  moment.respondWith(caches.open(CACHE).then((cache) => cache.match(address.pathname)).then((held) => held ?? fetch(moment.request)));
});
