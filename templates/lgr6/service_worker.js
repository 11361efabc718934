// Opens the portal's pages without a connection. It touches addresses of pages and of our own files only: a save, and
// whatever else is sent, goes straight to the portal.
const CACHE = "portal-{{ version }}";
const SHELL = {{ shell|safe }};
const PAGES = /^\/(my\/$|cohorts\/)/;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("portal-") && name !== CACHE;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name)))));
});

async function ownFile(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(CACHE)).put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await caches.match(request);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && PAGES.test(pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match("{% url "offline" %}")));
  } else if (pathname.startsWith("{{ static_url }}")) {
    event.respondWith(ownFile(request));
  }
});
