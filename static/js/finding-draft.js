// <finding-draft>: what is typed into the desk's form of a finding is kept on this device until a save has gone in.
// Told in docs/architecture.md, “One finding”. Without this script the form is saved by its buttons all the same.
import { dayAndClock, hold, newName, vault } from "./device.js";
import { KeptText, PATIENCE } from "./kept-text.js";

const LONGEST = 1000; // ms a save waits for this device
const NO_TEXT = ["hidden", "submit", "button", "fieldset"];

// After a save the desk names the draft that went in (findings/admin/drafts.py): only then it goes from this device.
const saved = location.hash.match(/^#saved-([0-9a-f-]{36})$/)?.[1];
if (saved) history.replaceState(history.state, "", location.pathname + location.search);
const swept = saved ? vault().then((box) => box?.removeDraft(saved)).catch(() => {}) : Promise.resolve();

// --- What is in a form: by name {label, value, text}; whether it is only a typo is said anew with every save ---

function fieldsOf(form) {
  const fields = new Map();
  for (const field of form.elements) {
    if (!field.name || field.name === "is_typo" || NO_TEXT.includes(field.type)) continue;
    const name = nameOf(field, form);
    fields.set(name, [...(fields.get(name) ?? []), field]);
  }
  return fields;
}

// A row is named by what it is a row of: its place changes when another comes or goes.
function nameOf({ name }, form) {
  const [, rows, place, part] = name.match(/^(.+)-(\d+)-(.+)$/) ?? [];
  return rows ? `${rows} ${form.elements.namedItem(`${rows}-${place}-id`)?.value} ${part}` : name;
}

function contentOf(form) {
  return Object.fromEntries([...fieldsOf(form)].map(([name, fields]) => [name, { label: labelOf(fields[0]), ...valueOf(fields) }]));
}

function valueOf(fields) {
  const [field] = fields;
  if (field.type === "checkbox") {
    const ticked = fields.filter((box) => box.checked);
    const text = fields.length === 1 && field.closest("tr") ? (field.checked ? "Yes" : "No") : ticked.map(wordsBeside).join(", ");
    return { value: ticked.map((box) => box.value), text };
  }
  if (field.type === "select-one") return { value: field.value, text: field.value && field.selectedOptions[0].text };
  const value = field.value.trim();
  return { value, text: value };
}

// A form that is not in the page knows no label by its “for”.
function wordsBeside(field) {
  return (field.closest("label") ?? field.labels[0])?.textContent.trim() ?? "";
}

function labelOf(field) {
  const row = field.closest("tr");
  const label = field.closest(".form-row")?.querySelector("label:not(:has(input)), legend")?.textContent ?? wordsBeside(field);
  if (!row) return label.trim().replace(/:$/, "");
  const words = row.querySelector(".field-words")?.textContent.trim().slice(0, 60) ?? "";
  return `${field.ariaLabel ?? "Delete"}: “${words}…”`;
}

function same(one, other) {
  return JSON.stringify(one?.value) === JSON.stringify(other?.value);
}

function put(fields, { value, text }) {
  for (const field of fields) {
    if (field.type === "checkbox") field.checked = value.includes(field.value);
    else {
      // A list that is searched as one types begins without its choices.
      if (field.type === "select-one" && ![...field.options].some((option) => option.value === value)) field.add(new Option(text, value));
      field.value = value;
    }
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

class FindingDraft extends KeptText {
  connectedCallback() {
    this.form = this.closest("form");
    this.status = this.form.querySelector("[data-draft-status]");
    this.notice = this.querySelector("section");
    this.isRefused = "refused" in this.dataset; // the form holds what was typed, not what stands
    this.stands = this.asItCame();
    this.before = this.stands;
    this.draft = this.field("draft").value || this.draft;
    this.ready = this.begin();
    this.form.addEventListener("input", () => this.typed());
    this.form.addEventListener("change", () => this.typed());
    this.form.addEventListener("submit", (event) => this.submitted(event));
    window.addEventListener("beforeunload", (event) => !this.isSent && !this.onDevice && this.isToKeep() && event.preventDefault());
    window.addEventListener("pagehide", () => this.onDevice || this.keepNow());
    document.addEventListener("visibilitychange", () => document.hidden && !this.onDevice && this.keepNow());
    if (this.isToKeep()) this.typed(); // refused, or typed before this script was here
    if (!this.isRefused) this.takeUp();
  }

  async begin() {
    await this.openDevice(this.isRefused ? PATIENCE : 0);
    if (this.isRefused) this.before = (await this.vault?.draft(this.draft))?.before ?? {};
  }

  field(name) {
    return this.form.elements.namedItem(name);
  }

  // The version it was written on; nothing on the page where a finding begins.
  get base() {
    return this.field("base")?.value ?? "";
  }

  asItCame() {
    const form = this.form.cloneNode(true);
    form.reset();
    return contentOf(form);
  }

  text() {
    return JSON.stringify(contentOf(this.form));
  }

  isToKeep() {
    return this.isRefused || this.text() !== JSON.stringify(this.stands);
  }

  left() {
    const content = contentOf(this.form);
    return { title: content.title?.value, base: this.base, before: this.before, content };
  }

  // --- Typing and saving ---

  typed() {
    if (this.isSent) this.beginAnew();
    this.keepSoon();
    this.say("Not saved yet", false);
  }

  // The draft that is on its way to the portal goes when it is there: what is typed since is another one.
  beginAnew() {
    this.isSent = false;
    const sent = this.draft;
    this.draft = newName();
    hold(this.draft);
    this.keepNow().then(() => this.onDevice && this.vault?.removeDraft(sent));
  }

  async submitted(event) {
    if (this.isSent) return;
    event.preventDefault();
    if (this.isLeaving) return;
    this.isLeaving = true;
    await Promise.race([this.keepNow(), pause(LONGEST)]);
    await pause(0); // a form that is still telling of one submission refuses the next
    this.field("draft").value = this.draft;
    [this.isLeaving, this.isSent] = [false, true];
    this.form.requestSubmit(event.submitter);
  }

  show() {
    if (this.onDevice && this.vault) this.say("Kept on this device. It is not in the finding until you save.", false);
  }

  async keepDraft() {
    await super.keepDraft();
    if (!this.isToKeep()) this.say("", true);
    else if (!this.vault) this.say("Not saved yet. This browser keeps nothing on the device: save before you leave.", false);
  }

  // --- What was left behind ---

  async takeUp() {
    await Promise.all([swept, this.ready]);
    if (!this.vault) return;
    const mine = (await this.vault.drafts()).filter((draft) => draft.path === location.pathname && draft.id !== this.draft);
    for (const { id } of mine) {
      const letGo = await hold(id, PATIENCE);
      const left = letGo && (await this.vault.draft(id));
      if (left) await this.settle(left, letGo);
      else letGo?.();
    }
  }

  // Fields that its writer changed, and that do not say so now.
  async settle(left, letGo) {
    const changed = Object.keys(left.content).filter((name) => !same(left.content[name], left.before[name]));
    const names = changed.filter((name) => !same(left.content[name], this.stands[name]));
    const choice = names.length ? await this.ask(left, names) : "discard";
    if (choice === "back") return this.bringBack(left, letGo, names);
    await this.vault.removeDraft(left.id);
    letGo();
    if (names.length) this.close("What you had typed is gone from this device.");
    return undefined;
  }

  ask(left, names) {
    const isSince = left.base !== this.base;
    const [since, fixed, back, discard, sure] = ["since", "fixed", "back", "discard", "sure"].map((part) => this.notice.querySelector(`[data-${part}]`));
    this.notice.querySelector("[data-when]").textContent = dayAndClock(left.at);
    this.notice.querySelector("[data-rows]").replaceChildren(...names.map((name) => this.row(left, name)));
    this.notice.querySelector("details").open = isSince;
    since.hidden = !isSince || !this.base;
    back.hidden = !names.some((name) => name in this.stands);
    fixed.hidden = !back.hidden;
    [discard.hidden, sure.hidden] = [false, true];
    this.notice.hidden = false;
    this.announce(this.notice.querySelector("[data-words]").innerText);
    discard.onclick = () => {
      [discard.hidden, sure.hidden] = [true, false];
      sure.focus();
    };
    return new Promise((resolve) => {
      back.onclick = () => resolve("back");
      sure.onclick = () => resolve("discard");
    });
  }

  row({ content, before }, name) {
    const row = this.querySelector("template").content.cloneNode(true);
    const isSince = name in this.stands && !same(before[name], this.stands[name]);
    row.querySelector("[data-label]").textContent = content[name].label + (isSince ? " (changed since)" : "");
    row.querySelector("[data-stands]").textContent = this.stands[name]?.text || "–";
    row.querySelector("[data-typed]").textContent = content[name].text || "–";
    return row;
  }

  // What was typed on this page before that stays on the device, as a draft of its own.
  async bringBack(left, letGo, names) {
    await this.keepNow();
    this.takeOver(left.id, letGo);
    const fields = fieldsOf(this.form);
    const found = names.filter((name) => fields.has(name));
    for (const name of found) put(fields.get(name), left.content[name]);
    await this.keepNow();
    const seen = found.map((name) => fields.get(name)[0]).find((field) => !field.matches(".select2-hidden-accessible"));
    this.close("It is in the form again, and not saved yet.", seen);
  }

  close(words, next = this.form.querySelector("input:not([type=hidden])")) {
    this.notice.hidden = true;
    this.announce(words);
    next?.focus();
  }
}

customElements.define("finding-draft", FindingDraft);
