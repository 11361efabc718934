// <unsent-texts>: sends what an editor on this device could not, and says what became of it. Looks when a page opens,
// when the connection comes back and once a minute; a draft that is open in another tab is left to that tab. What was
// typed into a finding is saved by its writer alone: here it is shown, and where it belongs.
import { dayAndClock, hold, vault } from "./device.js";
import { send } from "./sending.js";

const PATIENCE = 3000; // ms for a page that is being left to let go of its text

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
    for (const { id } of (await box.drafts()).filter((one) => one.path !== location.pathname)) await this.lookAt(box, id);
  }

  async lookAt(box, id) {
    const letGo = await hold(id, PATIENCE);
    if (!letGo) return; // written in another tab
    try {
      const draft = await box.draft(id);
      if (draft?.save) await this.deliver(box, draft);
      else if (draft) this.point(box, draft);
    } finally {
      letGo();
    }
  }

  point(box, draft) {
    const title = draft.title || "a finding without a title";
    this.tell(`What you typed into “${title}” on ${dayAndClock(draft.at)} is kept on this device.`, draft, "Open it at the desk");
    this.offer(box, draft);
  }

  // First the text whose answer was lost. What was typed since goes as a save of its own, even after a conflict:
  // from the same base it is kept beside the note as well.
  async deliver(box, draft) {
    const title = draft.content.title || "an untitled note";
    const hasMet = draft.conflict && !draft.conflict.locked;
    if (hasMet && draft.conflict.text === JSON.stringify(draft.content)) {
      return this.tell(`Your text for “${title}” met a newer version, and waits for you to choose.`, draft);
    }
    let base = draft.conflict?.base ?? draft.base;
    if (draft.pending) {
      const first = await send(draft.save, draft.pending.save, box.person);
      const isAll = draft.pending.text === JSON.stringify(draft.content);
      if (isAll || !["saved", "conflict"].includes(first.result)) return this.settle(box, draft, title, base, first);
      if (first.result === "saved") base = first.said.version;
    }
    const save = { save_id: draft.id, base_version: base, ...draft.content, autosave: true };
    return this.settle(box, draft, title, base, await send(draft.save, save, box.person));
  }

  async settle(box, draft, title, base, { result, said, isNotTheirs }) {
    if (result === "saved") {
      await box.removeDraft(draft.id);
      this.tell(`Your text for “${title}”, written on this device, is saved.`, draft);
    } else if (result === "conflict" && said.locked) {
      await box.removeDraft(draft.id);
      this.tell(`“${title}” is locked, as its phase is over. Your text is kept beside it.`, { ...draft, path: `${draft.path.replace("edit/", "")}#addenda` });
    } else if (result === "conflict") {
      const conflict = { version: said.version, kept: said.conflict, base, text: JSON.stringify(draft.content) };
      await box.putDraft(draft.id, draft.path, { ...draft, pending: null, base: said.version, conflict });
      this.tell(`Your text for “${title}” met a newer version. Both are kept, and it waits for you to choose.`, draft);
    } else if (result === "refused") {
      const path = isNotTheirs ? null : draft.path;
      this.tell(`Your text for “${title}” is on this device only: ${said.error ?? "it was refused."}`, { ...draft, path });
      this.offer(box, draft);
    }
  }

  tell(words, { id, path }, way = "Open the note") {
    const known = this.querySelector(`[data-draft="${id}"]`);
    if (known?.dataset.words === words) return;
    const line = document.createElement("div");
    line.className = "notice notice--info";
    Object.assign(line.dataset, { draft: id, words });
    line.append(`${words} `);
    if (path) line.append(Object.assign(document.createElement("a"), { href: path, textContent: way }));
    if (known) known.replaceWith(line);
    else this.append(line);
    this.hidden = false;
  }

  // The page of a note one may not write any more cannot show the text: here it can be copied, and taken off the device.
  offer(box, draft) {
    const line = this.querySelector(`[data-draft="${draft.id}"]`);
    if (line.querySelector("details")) return;
    line.append(document.getElementById("text-without-a-note").content.cloneNode(true));
    line.querySelector("textarea").value = wordsOf(draft).filter(Boolean).join("\n\n");
    const [remove, sure] = line.querySelectorAll("button");
    remove.addEventListener("click", () => {
      [remove.hidden, sure.hidden] = [true, false];
      sure.focus();
    });
    sure.addEventListener("click", async () => {
      await box.removeDraft(draft.id);
      line.replaceChildren("The text is removed from this device.");
    });
  }
}

function wordsOf({ save, content }) {
  if (save) return [content.title, content.body];
  return Object.values(content).map(({ label, text }) => text && `${label}: ${text}`);
}

customElements.define("unsent-texts", UnsentTexts);
