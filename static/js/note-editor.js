// Saves a note without leaving its page. Without this script the form does the same by a plain POST.
// A save has a name (save_id) for one exact text. Where the answer was lost, that same save is sent again first.

// Read at the moment of sending: the token changes when somebody signs in again in another tab.
function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

function newName() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

class NoteEditor extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.status = this.querySelector("[data-status]");
    this.pending = null;
    this.busy = false;
    this.lastSaved = "refused" in this.dataset ? null : this.text();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save(event.submitter?.name === "share" ? event.submitter.value : "");
    });
    this.form.addEventListener("input", () => this.showUnsaved());
    this.field("phase").addEventListener("change", () => this.showPrompts());
    this.onKey = (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
        event.preventDefault();
        this.save("");
      }
    };
    this.onLeave = (event) => {
      if (this.isUnsaved()) event.preventDefault();
    };
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("beforeunload", this.onLeave);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("beforeunload", this.onLeave);
  }

  field(name) {
    return this.form.elements.namedItem(name);
  }

  content(share) {
    const number = (name) => (this.field(name)?.value ? Number(this.field(name).value) : null);
    const content = {
      title: this.field("title").value.trim(),
      body: this.field("body").value,
      kind: this.field("kind").value,
      phase: number("phase"),
      happened_on: this.field("happened_on").value || null,
      audience: share || this.field("audience").value,
      may_be_quoted: this.field("may_be_quoted").checked,
    };
    if (this.field("experiment")) content.experiment = number("experiment");
    if (this.field("organisation") && !this.field("organisation").disabled) content.organisation = this.field("organisation").value;
    return content;
  }

  text(share = "") {
    return JSON.stringify(this.content(share));
  }

  isUnsaved() {
    return this.pending !== null || this.text() !== this.lastSaved;
  }

  showUnsaved() {
    if (!this.busy && this.isUnsaved()) this.say("Not saved yet", false);
  }

  showPrompts() {
    for (const prompts of this.querySelectorAll("[data-prompts]")) prompts.hidden = prompts.dataset.prompts !== this.field("phase").value;
  }

  say(words, isSaved) {
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.classList.toggle("saved--not", !isSaved);
  }

  async save(share) {
    if (this.busy) return;
    this.busy = true;
    try {
      this.say("Saving…", false);
      // A sharing whose answer was lost is not repeated by somebody who now presses plain "Save".
      if (this.pending && this.pending.save.audience !== this.content(share).audience) this.forget();
      if (this.pending && !(await this.send())) return;
      const text = this.text(share);
      if (text !== this.lastSaved || this.field("base_version").value === "0") {
        const names = { save_id: this.field("save_id").value, base_version: Number(this.field("base_version").value) };
        this.pending = { save: { ...names, ...this.content(share) }, text };
        if (!(await this.send())) return;
      }
      const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" }).format(new Date());
      this.say(`Saved ${time}, version ${this.field("base_version").value}`, true);
      if (share) {
        this.lastSaved = this.text();
        window.location.assign(this.dataset.detail);
      }
    } finally {
      this.busy = false;
      if (this.status.textContent === "Saving…") this.say("Not saved. Your text is still here.", false);
    }
    if (!share && this.text() !== this.lastSaved) this.showUnsaved();
  }

  // Whether the save is stored. A save whose fate is not known stays pending; one that was refused does not.
  async send() {
    const { save, text } = this.pending;
    let answer;
    let said = {};
    try {
      answer = await fetch(this.dataset.save, {
        method: "POST",
        redirect: "error",
        headers: { "Content-Type": "application/json", "X-CSRFToken": cookie(this.dataset.csrfCookie) },
        body: JSON.stringify(save),
      });
      said = await answer.json();
    } catch {
      this.say("Not saved: no answer from the portal. Your text is still here; save again when you are connected.", false);
      return false;
    }
    if (answer.status === 200 && Number.isInteger(said.version)) {
      this.settle(said.version);
      this.lastSaved = text;
      return true;
    }
    if (answer.status === 409) this.showConflict(said, save);
    else if (answer.status === 401) this.saySignedOut();
    else if (answer.status >= 500 || answer.status === 429) this.say(`Not saved: ${said.error ?? "the portal is busy."} Your text is still here.`, false);
    else {
      this.forget();
      this.say(`Not saved: ${said.error ?? "this text was refused."} Your text is still here.`, false);
      if (said.fields) this.field(Object.keys(said.fields)[0])?.focus?.();
    }
    return false;
  }

  // The next save is another one, with a name of its own.
  forget() {
    this.pending = null;
    this.field("save_id").value = newName();
  }

  settle(version) {
    this.forget();
    this.field("base_version").value = version;
    if (this.field("organisation")) this.field("organisation").disabled = true;
    this.querySelector("[data-body-error]")?.remove();
    this.field("body").removeAttribute("aria-invalid");
    this.querySelector("[data-conflict]").hidden = true;
  }

  saySignedOut() {
    const link = Object.assign(document.createElement("a"), { href: this.dataset.signin, target: "_blank", textContent: "sign in in a new tab" });
    this.say("Not saved: you are signed out. Your text is still here; ", false);
    this.status.append(link, ", then save again.");
  }

  showConflict(said, save) {
    this.settle(said.version);
    this.lastSaved = null;
    const panel = this.querySelector("[data-conflict]");
    const show = (name, words) => { panel.querySelector(`[data-${name}]`).textContent = words; };
    show("their-version", said.version);
    show("their-title", said.title);
    show("their-body", said.body);
    show("my-title", save.title);
    show("my-body", save.body);
    panel.hidden = false;
    this.say(`Not saved: version ${said.version} was saved meanwhile. Both texts are kept.`, false);
    panel.querySelector("h2").focus();
  }
}

customElements.define("note-editor", NoteEditor);
