// Shows a page of the portal that this browser kept, where the portal itself does not answer.
import { clock, newName, vault } from "./device.js";

async function kept() {
  const box = await vault();
  return box && (await box.page(location.pathname).catch(() => null));
}

function show(page) {
  const isBlankNote = "address" in page;
  let { main } = page;
  if (isBlankNote) {
    // The page was kept for any new note: this one gets a name of its own.
    const [old] = page.address.match(/[0-9a-f-]{36}/);
    const name = newName();
    main = main.replaceAll(old, name);
    history.replaceState(null, "", page.address.replace(old, name));
  }
  document.title = page.title;
  for (const href of page.styles) {
    if (!document.querySelector(`link[href="${href}"]`)) document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
  }
  const place = document.getElementById("main");
  const notice = document.getElementById("offline-notice").content.cloneNode(true);
  if (!isBlankNote) notice.querySelector("[data-as-of]").textContent = `, as it was at ${clock(page.at)}`;
  place.innerHTML = main;
  place.prepend(notice);
  for (const src of page.scripts) {
    if (!src.includes("keep-page")) document.body.append(Object.assign(document.createElement("script"), { type: "module", src }));
  }
}

const page = await kept();
if (page) show(page);
else document.getElementById("nothing-kept").hidden = false;

// Looks now and then whether the portal answers again; a page that is being written in is left alone.
const look = setInterval(async () => {
  try {
    if (!(await fetch("/healthz", { cache: "no-store" })).ok) return;
  } catch {
    return;
  }
  clearInterval(look);
  if (document.querySelector("note-editor")) document.querySelector("[data-offline-notice]")?.remove();
  else location.reload();
}, 5000);
