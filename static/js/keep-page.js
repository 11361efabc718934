// Keeps this page, as the portal sent it, to be read without a connection; runs before any element of it is changed.
import { person, vault } from "./device.js";

function pageOf(shown) {
  const main = shown.getElementById("main").cloneNode(true);
  for (const part of main.querySelectorAll("[data-momentary]")) part.remove();
  const list = (selector, name) => [...shown.querySelectorAll(selector)].map((part) => part.getAttribute(name));
  return {
    title: shown.title,
    main: main.innerHTML,
    styles: list('head link[rel="stylesheet"]', "href"),
    scripts: list('script[type="module"]', "src"),
  };
}

async function keepBlankNote() {
  const link = document.querySelector("a[data-new-note]");
  if (!link || !navigator.onLine) return;
  const box = await vault();
  const path = new URL(link.href).pathname;
  const kept = await box?.page(path);
  if (!box || (kept && Date.now() - kept.at < 12 * 3600_000)) return;
  const answer = await fetch(link.href, { cache: "no-store" });
  if (!answer.ok) return;
  const blank = new DOMParser().parseFromString(await answer.text(), "text/html");
  await box.putPage(path, { ...pageOf(blank), address: new URL(answer.url).pathname });
}

if (person) {
  if ("keep" in document.body.dataset) {
    const shown = pageOf(document);
    vault().then((box) => box?.putPage(location.pathname, shown)).catch(() => {});
  }
  navigator.serviceWorker?.register("/service-worker.js").catch(() => {});
  (window.requestIdleCallback ?? setTimeout)(() => keepBlankNote().catch(() => {}));
}
