// Writes a note: every key is kept on this device within a third of a second and at the portal within five.
// The protocol is told in docs/architecture.md, “One save”. Without this script the form does the same by a plain POST.
import { clock, hold, newName, person, whoIsSignedIn } from "./device.js";
import { KeptText, PATIENCE } from "./kept-text.js";
import { send } from "./sending.js";

const QUIET = 1000; // ms without a key before the text goes to the portal
const LONGEST = 5000; // ms of typing before it goes all the same
const WAITS = [1, 2, 4, 8, 16, 32, 60]; // seconds between tries; the last one for ever

const READERS = ["me", "organisation", "cohort"]; // from few to many
const TEXT = ["title", "body", "kind", "phase", "experiment", "happened_on"];

class NoteEditor extends KeptText {
  connectedCallback() {
    this.form = this.querySelector("#note-form");
    this.status = this.querySelector("[data-status]");
    this.field("save_id").value = newName();
    this.pending = null; // a save whose fate is not known
    this.conflict = null; // {version, kept, text sent, base it was sent from} until the writer has chosen
    const asItCame = this.asItCame();
    this.lastSaved = "refused" in this.dataset ? null : JSON.stringify(asItCame);
    this.sentSettings = this.settings();
    this.opened = { base: this.base, content: asItCame };
    this.tries = 0;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.saveByHand(event.submitter?.name === "share" ? event.submitter.value : "");
    });
    this.form.addEventListener("input", (event) => this.typed(event));
    this.field("phase").addEventListener("change", () => this.showPrompts());
    this.addEventListener("click", (event) => this.choose(event));
    this.addEventListener("signed-in", () => this.signedIn());
    this.listeners = [
      [document, "keydown", (event) => this.key(event)],
      [window, "beforeunload", (event) => this.isNowhere() && event.preventDefault()],
      [window, "pagehide", () => this.keepNow()],
      [window, "online", () => this.sendNow()],
      [document, "visibilitychange", () => (document.hidden ? this.keepNow() : this.sendNow())],
    ];
    for (const [where, what, act] of this.listeners) where.addEventListener(what, act);
    this.ready = this.begin();
    if (this.lastSaved !== null && this.hasTyped()) this.changed(); // typed before this script was here
  }

  disconnectedCallback() {
    for (const [where, what, act] of this.listeners) where.removeEventListener(what, act);
    for (const timer of [this.deviceTimer, this.quietTimer, this.retryTimer]) clearTimeout(timer);
  }

  // --- What is in the form ---

  field(name, form = this.form) {
    return form.elements.namedItem(name);
  }

  get base() {
    return Number(this.field("base_version").value);
  }

  set base(version) {
    this.field("base_version").value = version;
  }

  content(form = this.form) {
    const field = (name) => this.field(name, form);
    const number = (name) => (field(name)?.value ? Number(field(name).value) : null);
    const content = {
      title: field("title").value.trim(),
      body: field("body").value,
      kind: field("kind").value,
      phase: number("phase"),
      happened_on: field("happened_on").value || null,
    };
    if (field("experiment")) content.experiment = number("experiment");
    if (field("organisation") && !field("organisation").disabled) content.organisation = field("organisation").value;
    return content;
  }

  // What the portal sent, whatever has been typed into it since.
  asItCame() {
    const form = this.form.cloneNode(true);
    form.reset();
    return this.content(form);
  }

  // Who can read and quote it changes at the writer's word only, never by itself.
  settings(share = "") {
    return { audience: share || this.field("audience").value, may_be_quoted: this.field("may_be_quoted").checked };
  }

  text() {
    return JSON.stringify(this.content());
  }

  fill(content) {
    for (const name of TEXT) if (this.field(name) && name in content) this.field(name).value = content[name] ?? "";
    if (content.organisation && this.field("organisation")) this.field("organisation").value = content.organisation;
    this.showPrompts();
  }

  hasTyped() {
    return this.text() !== this.lastSaved;
  }

  isUnsent() {
    if (this.conflict?.locked) return this.text() !== this.conflict.text; // nothing is left to choose
    return this.pending !== null || this.conflict !== null || this.hasTyped();
  }

  isNowhere() {
    return !this.onDevice && this.isToKeep();
  }

  isEmpty() {
    return this.base === 0 && !this.field("title").value.trim() && !this.field("body").value.trim();
  }

  hasOpenSettings() {
    return this.base > 0 && JSON.stringify(this.settings()) !== JSON.stringify(this.sentSettings);
  }

  // --- Beginning: what this device still has of this note ---

  async begin() {
    await this.openDevice();
    this.person = this.vault?.person ?? person;
    if (this.vault) await this.takeUp();
  }

  async takeUp() {
    const path = location.pathname;
    const page = document.body.dataset.offline === undefined ? null : await this.vault.page(path).catch(() => null);
    if (page?.since && page.since.base > this.base && !this.hasTyped()) this.putIn(page.since.base, page.since.content);
    const mine = (await this.vault.drafts()).filter((draft) => draft.path === path);
    for (const left of mine) {
      if (this.hasTyped()) return undefined; // the draft waits for the next time
      const letGo = await hold(left.id);
      if (letGo) return this.resume(left, letGo);
      this.waitFor(left);
    }
    return undefined;
  }

  // Open in another tab, or on its way yet: then it comes back here, or is in the note by now.
  async waitFor({ id }) {
    const letGo = await hold(id, PATIENCE);
    const left = letGo && (await this.vault.draft(id));
    if (!letGo || this.hasTyped()) return letGo?.();
    return left ? this.resume(left, letGo) : location.reload();
  }

  putIn(base, content) {
    this.base = base;
    this.fill(content);
    this.lastSaved = this.text();
    this.opened = { base, content: this.content() };
  }

  async resume(left, letGo) {
    this.takeOver(left.id, letGo);
    this.fill(left.content);
    if (!left.pending && !this.hasTyped()) return this.vault.removeDraft(left.id);
    this.base = left.base;
    this.pending = left.pending;
    this.conflict = left.conflict;
    const notice = this.querySelector("[data-draft]");
    notice.querySelector("[data-draft-time]").textContent = clock(left.at);
    notice.hidden = false;
    if (this.conflict) return this.showConflict(this.conflict);
    this.show();
    return this.sendNow();
  }

  // --- Typing ---

  typed(event) {
    if (["audience", "may_be_quoted"].includes(event.target.name)) return this.show();
    if ([...TEXT, "organisation"].includes(event.target.name)) this.changed();
    return undefined;
  }

  changed() {
    this.keepSoon();
    this.refusal = "";
    this.say("Not saved yet", false);
    this.typingSince ??= Date.now();
    clearTimeout(this.quietTimer);
    // While the portal does not answer, or knows nobody here, the next try is not for a key to decide.
    if (this.tries || this.isSignedOut) return;
    const wait = Math.min(QUIET, Math.max(0, this.typingSince + LONGEST - Date.now()));
    this.quietTimer = setTimeout(() => this.pump(), wait);
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      this.saveByHand("");
    }
  }

  // --- This device ---

  isToKeep() {
    return this.isUnsent() && !this.isEmpty();
  }

  left() {
    return { save: this.dataset.save, base: this.base, content: this.content(), pending: this.pending, conflict: this.conflict };
  }

  // --- The portal ---

  sendNow() {
    clearTimeout(this.retryTimer);
    if (this.isToKeep()) this.pump();
  }

  async saveByHand(share) {
    await this.ready;
    const { audience } = this.settings(share);
    if (!this.isEmpty() && this.isWider(audience) && !(await this.agreed(audience))) return;
    this.conflict = null;
    this.refusal = "";
    // A sharing whose answer was lost is not repeated by somebody who now presses plain "Save".
    if (this.pending?.save.audience && this.pending.save.audience !== audience) this.forgetPending();
    this.byHand = { share };
    await this.pump();
  }

  isWider(audience) {
    return READERS.indexOf(audience) > READERS.indexOf(this.sentSettings.audience);
  }

  // Says who will be able to read it, and asks. The text is at the portal first: only who reads it is in question.
  async agreed(audience) {
    if (this.conflict) return true;
    await this.pump();
    if (this.isUnsent()) {
      this.show(true);
      return false;
    }
    const dialog = this.querySelector("[data-widening]");
    try {
      const answer = await fetch(`${this.dataset.readers}?audience=${audience}&part=said`, { redirect: "error" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      dialog.querySelector("[data-who]").innerHTML = await answer.text();
    } catch {
      this.announce("Not shared: no answer from the portal. Your text is saved; share it when you are connected.");
      return false;
    }
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    return dialog.returnValue === "share";
  }

  // Sends what there is to send, one save at a time, until all is there or something stands in the way.
  pump() {
    clearTimeout(this.quietTimer);
    this.pumping ??= this.sendAll().finally(() => {
      this.pumping = null;
      this.show();
    });
    return this.pumping;
  }

  async sendAll() {
    await this.ready;
    while (this.nextSave()) {
      await this.keepNow();
      if (!(await this.sendPending())) return;
    }
  }

  // The save to send now: the one whose answer was lost, else a new one for what has changed since.
  nextSave() {
    if (this.pending) return true;
    const { byHand } = this;
    if (this.conflict || (this.refusal && !byHand)) return false;
    const changed = this.hasTyped() || this.base === 0;
    if (!byHand && (!changed || this.isEmpty())) return false;
    this.byHand = null;
    this.typingSince = null;
    const settings = byHand ? this.settings(byHand.share) : {};
    if (byHand && !byHand.share && !changed && !this.hasOpenSettings()) {
      this.announce(this.status.textContent);
      return false;
    }
    this.pending = {
      save: { save_id: this.field("save_id").value, base_version: this.base, ...this.content(), ...settings, autosave: !byHand },
      text: this.text(),
      share: byHand?.share ?? "",
    };
    return true;
  }

  // Whether it is stored and the next may go.
  async sendPending() {
    const { pending } = this;
    if (!pending.save.autosave) this.say("Saving…", false);
    const { result, said, after } = await send(this.dataset.save, pending.save, this.person);
    const { autosave } = pending.save;
    if (result === "saved") return this.settle(said.version, pending);
    if (result === "conflict") return this.meet(said);
    if (result === "signed-out") await this.signedOut();
    else if (result === "later") this.later(said, after);
    else this.refuse(said, autosave);
    return false;
  }

  // The next save is another one, with a name of its own.
  forgetPending() {
    this.pending = null;
    this.field("save_id").value = newName();
  }

  async settle(version, { save, text, share }) {
    this.tries = 0;
    this.isSignedOut = false;
    this.forgetPending();
    this.base = version;
    this.lastSaved = text;
    if ("audience" in save) this.sentSettings = { audience: save.audience, may_be_quoted: save.may_be_quoted };
    if (this.field("organisation")) this.field("organisation").disabled = true;
    this.querySelector("[data-body-error]")?.remove();
    this.field("body").removeAttribute("aria-invalid");
    if (!this.isUnsent() && version < this.opened.base) {
      // The answer to an old save was lost, and others have written since: what they wrote is the note.
      this.putIn(this.opened.base, this.opened.content);
    }
    this.savedAt = new Date();
    this.querySelector("[data-conflict-place]").replaceChildren();
    await this.keepNow();
    this.show(!save.autosave);
    this.vault?.page(location.pathname).then((page) => page && this.vault.putPage(location.pathname, { ...page, at: undefined, since: { base: this.base, content: JSON.parse(this.lastSaved) } })).catch(() => {});
    if (share && !this.isUnsent()) window.location.assign(this.dataset.detail);
    return true;
  }

  // Somebody saved meanwhile: the portal keeps both texts, and nothing is sent until the writer has chosen.
  async meet(said) {
    const { save, text } = this.pending;
    this.forgetPending();
    this.byHand = null;
    this.base = said.version;
    this.lastSaved = null;
    this.conflict = { version: said.version, kept: said.conflict, locked: said.locked, base: save.base_version, text };
    await this.keepNow();
    await this.showConflict(this.conflict);
    return false;
  }

  async showConflict({ kept, locked }) {
    this.show(true);
    const place = this.querySelector("[data-conflict-place]");
    if (locked) return place.replaceChildren(document.getElementById("note-locked").content.cloneNode(true));
    try {
      const answer = await fetch(this.dataset.conflict.replace("/0/", `/${kept}/`), { redirect: "error" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      place.innerHTML = await answer.text();
      place.querySelector("h2").focus();
    } catch {
      this.retryTimer = setTimeout(() => this.conflict && this.showConflict(this.conflict), 5000);
    }
    return undefined;
  }

  async choose(event) {
    const choice = event.target.closest("[data-choose]")?.dataset.choose;
    if (!choice) return;
    event.preventDefault();
    if (choice === "mine") await this.saveByHand("");
    if (choice === "merge") this.field("body").focus();
    if (choice === "theirs") await this.takeTheirs();
  }

  // Ours must lie in the versions first. What was typed since the two texts met goes there as a second kept copy.
  async takeTheirs() {
    if (this.text() !== this.conflict.text) {
      const save = { save_id: newName(), base_version: this.conflict.base, ...this.content(), autosave: true };
      const { result } = await send(this.dataset.save, save, this.person);
      if (result !== "conflict") {
        this.announce("Your text could not be put beside the note just now, so you are still here with it. Please try again.");
        return;
      }
    }
    this.conflict = null;
    this.lastSaved = this.text();
    await this.keepNow();
    window.location.assign(this.dataset.edit);
  }

  async signedOut() {
    this.isSignedOut = true;
    this.problem = "you are signed out.";
    this.show(true);
    const other = await whoIsSignedIn().catch(() => null);
    if (other && other.person !== this.person) return this.putAway();
    if (!other) this.querySelector("sign-in-again").ask();
    return undefined;
  }

  async signedIn() {
    const now = await whoIsSignedIn().catch(() => null);
    if (now && now.person !== this.person) return this.putAway();
    return this.sendNow();
  }

  // Somebody else is at this computer: nothing of this text is theirs to see.
  async putAway() {
    await this.keepNow();
    const words = document.getElementById("somebody-else").content.cloneNode(true);
    this.disconnectedCallback();
    this.replaceChildren(words);
    this.letGo();
    document.title = "Research note";
  }

  later(said, after) {
    const wait = Math.max(after, WAITS[Math.min(this.tries, WAITS.length - 1)] * (0.75 + Math.random() / 2));
    this.tries += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.sendNow(), wait * 1000);
    this.problem = said.error ?? "no answer from the portal.";
    this.show();
  }

  refuse(said, autosave) {
    this.forgetPending();
    this.refusal = said.error ?? "this text was refused.";
    this.show(true);
    if (said.fields && !autosave) this.field(Object.keys(said.fields)[0])?.focus?.();
  }

  // --- Words ---

  // What is true now. A text counts as saved when the portal has named its version, and never before.
  show(aloud = false) {
    const here = this.onDevice && this.vault;
    const kept = here ? "Saved on this device only" : "Not saved";
    if (this.isEmpty()) this.say("Nothing written yet", false);
    else if (this.conflict) this.say(this.conflictWords(here), false, aloud);
    else if (this.refusal) this.say(`Not saved: ${this.refusal} Your text is ${here ? "on this device" : "still here"}.`, false, aloud);
    else if (!this.isUnsent()) this.showSaved(aloud);
    else if (this.isSignedOut) this.say(`${kept}: you are signed out. Sign in, and it is sent.`, false, aloud);
    else if (this.problem) this.say(`${kept}: ${this.problem} It is sent again by itself.`, false, true);
    else this.say(here ? kept : "Not saved yet", false);
  }

  conflictWords(here) {
    const { version, locked, text } = this.conflict;
    const met = locked ? "Not saved in the note: its phase is over, and it is locked." : `Not saved: version ${version} was saved meanwhile.`;
    const choose = locked ? "." : "; please choose.";
    if (this.text() === text) return locked ? `${met} Your text is kept beside it.` : `${met} Both texts are kept${choose}`;
    return `${met} What you typed since is ${here ? "on this device" : "on this page"} only${choose}`;
  }

  showSaved(aloud) {
    if (!this.savedAt) return;
    const wasTrouble = this.problem;
    this.problem = "";
    const more = this.hasOpenSettings() ? ". Press Save to change who can read or quote it" : "";
    this.say(`Saved ${clock(this.savedAt)}, version ${this.base}${more}`, true, aloud || wasTrouble || more);
  }

  showPrompts() {
    for (const prompts of this.querySelectorAll("[data-prompts]")) prompts.hidden = prompts.dataset.prompts !== this.field("phase").value;
  }
}

customElements.define("note-editor", NoteEditor);
