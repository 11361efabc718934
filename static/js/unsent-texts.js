// <unsent-texts>: sends what an editor on this device could not, and says what became of it. Looks when a page opens,
// when the connection comes back and once a minute; a draft that is open in another tab is left to that tab.
import { borrow, vault } from "./device.js";
import { send } from "./sending.js";

class UnsentTexts extends HTMLElement {
  connectedCallback() {
    this.onOnline = () => this.look();
    window.addEventListener("online", this.onOnline);
    this.timer = setInterval(this.onOnline, 60_000);
    this.look();
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.onOnline);
    clearInterval(this.timer);
  }

  async look() {
    const box = await vault();
    if (!box || !navigator.onLine) return;
    // What belongs to the editor on this page it takes up itself.
    for (const draft of (await box.drafts()).filter((one) => one.path !== location.pathname)) {
      await borrow(draft.id, () => this.deliver(box, draft));
    }
  }

  async deliver(box, draft) {
    const title = draft.content.title || "an untitled note";
    if (draft.conflict) return this.tell(`Your text for “${title}” met a newer version, and waits for you to choose.`, draft);
    if (draft.pending) {
      const first = await send(draft.save, draft.pending.save, box.person);
      if (first.result === "conflict") return this.met(box, draft, first.said, title);
      if (first.result !== "saved") return this.notSent(first, draft, title);
      draft.base = first.said.version;
      if (draft.pending.text === JSON.stringify(draft.content)) return this.done(box, draft, title);
      draft.pending = null;
    }
    const save = { save_id: draft.id, base_version: draft.base, ...draft.content, autosave: true };
    const { result, said } = await send(draft.save, save, box.person);
    if (result === "saved") return this.done(box, draft, title);
    if (result === "conflict") return this.met(box, draft, said, title);
    return this.notSent({ result, said }, draft, title);
  }

  async done(box, draft, title) {
    await box.removeDraft(draft.id);
    this.tell(`Your text for “${title}”, written on this device, is saved.`, draft);
  }

  async met(box, draft, said, title) {
    if (said.locked) {
      await box.removeDraft(draft.id);
      return this.tell(`“${title}” is locked, as its phase is over. Your text is kept beside it.`, { path: `${draft.path.replace("edit/", "")}#addenda` });
    }
    const conflict = { version: said.version, kept: said.conflict, base: draft.base, text: JSON.stringify(draft.content) };
    await box.putDraft(draft.id, draft.path, { ...draft, pending: null, base: said.version, conflict });
    return this.tell(`Your text for “${title}” met a newer version. Both are kept, and it waits for you to choose.`, draft);
  }

  notSent({ result, said }, draft, title) {
    if (result === "refused") this.tell(`Your text for “${title}” is on this device only: ${said.error ?? "it was refused."}`, draft);
  }

  tell(words, { path }) {
    const link = Object.assign(document.createElement("a"), { href: path, textContent: "Open the note" });
    const known = [...this.querySelectorAll("a")].find((other) => other.getAttribute("href") === path);
    const line = known?.parentElement ?? document.createElement("p");
    line.className = "notice notice--info";
    line.replaceChildren(`${words} `, link);
    if (!known) this.append(line);
    this.hidden = false;
  }
}

customElements.define("unsent-texts", UnsentTexts);
