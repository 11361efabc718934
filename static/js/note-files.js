// <note-files>: adds files to a note by button, drop or paste, one after the other, each with its progress.
// An upload has a name (upload_id): where the answer was lost, the same upload is sent again and kept once.
import { newName } from "./device.js";
import { csrfToken } from "./sending.js";

class NoteFiles extends HTMLElement {
  connectedCallback() {
    this.queue = [];
    this.busy = false;
    this.room = Number(this.dataset.room);
    this.list = this.querySelector("[data-list]");
    this.drop = this.querySelector("[data-drop]");
    this.said = this.querySelector("[data-said]");
    this.querySelector("[data-plain]").hidden = true;
    this.drop.hidden = false;
    for (const field of this.querySelectorAll("[data-plain] input")) field.disabled = true;
    for (const item of this.list.children) if (!item.querySelector("form")) this.addControls(item);
    const choose = this.querySelector("[data-choose]");
    choose.addEventListener("change", () => {
      this.add([...choose.files]);
      choose.value = "";
    });
    // In the editor the whole text is a place to drop and paste; elsewhere the whole page.
    this.place = this.closest("note-editor") ?? document;
    this.onPaste = (event) => this.paste(event);
    this.onDrag = (event) => this.drag(event);
    this.onLeave = (event) => {
      if (this.queue.some((one) => !one.refused)) event.preventDefault();
    };
    this.place.addEventListener("paste", this.onPaste);
    for (const kind of ["dragover", "dragleave", "drop"]) this.place.addEventListener(kind, this.onDrag);
    window.addEventListener("beforeunload", this.onLeave);
  }

  disconnectedCallback() {
    this.place.removeEventListener("paste", this.onPaste);
    for (const kind of ["dragover", "dragleave", "drop"]) this.place.removeEventListener(kind, this.onDrag);
    window.removeEventListener("beforeunload", this.onLeave);
  }

  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    // Word and Excel put a picture of the text beside the text: it is the text that is meant.
    if (!files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    this.add(files);
  }

  drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.drop.toggleAttribute("data-over", event.type === "dragover");
    if (event.type === "drop") this.add([...event.dataTransfer.files]);
  }

  add(files) {
    for (const file of files) {
      const row = this.clone("coming-one");
      const one = { file, id: newName(), row, refused: false };
      row.querySelector("[data-name]").textContent = file.name;
      row.querySelector("[data-again]").addEventListener("click", () => this.again(one));
      row.querySelector("[data-drop-it]").addEventListener("click", () => this.cancel(one));
      this.querySelector("[data-coming]").append(row);
      this.queue.push(one);
      if (file.size > Number(this.dataset.limit)) this.refuse(one, `This file is too large: ${Math.floor(this.dataset.limit / 1048576)} MB is the most.`, false);
    }
    this.next();
  }

  clone(name) {
    return this.querySelector(`template[data-${name}]`).content.firstElementChild.cloneNode(true);
  }

  async next() {
    if (this.busy) return;
    const one = this.queue.find((waiting) => !waiting.refused);
    if (!one) return;
    this.busy = true;
    try {
      await this.send(one);
    } finally {
      this.busy = false;
    }
    this.next();
  }

  async send(one) {
    const answer = await this.post(one);
    if (!this.queue.includes(one)) return;
    if (answer.status === 200 && answer.said.url) {
      this.forget(one);
      this.room -= 1;
      this.show(answer.said);
      this.say(`${answer.said.name} is on the note.${this.room > 0 ? "" : " That was the last one it can have."}`);
    } else if (answer.status === 401) this.saySignedOut(one);
    else if (!answer.status) this.refuse(one, "No answer from the portal. Try again when you are connected.", true);
    else this.refuse(one, answer.said.error ?? "This file was not taken.", answer.status >= 500 || answer.status === 429 || answer.status === 403);
  }

  // XMLHttpRequest because fetch does not tell how far it has come.
  post(one) {
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      const progress = one.row.querySelector("progress");
      one.request = request;
      request.open("POST", this.dataset.save);
      request.setRequestHeader("X-CSRFToken", csrfToken());
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", (event) => {
        progress.value = event.lengthComputable ? (event.loaded / event.total) * 100 : 0;
        this.words(one, progress.value < 100 ? `${Math.round(progress.value)} %` : "Being looked at…");
      });
      request.addEventListener("loadend", () => {
        let said = {};
        try {
          said = JSON.parse(request.responseText);
        } catch {
          // A page instead of JSON: the status alone has to do.
        }
        done({ status: request.status, said });
      });
      const form = new FormData();
      const organisation = this.closest("form")?.elements.namedItem("organisation");
      form.append("upload_id", one.id);
      if (organisation) form.append("organisation", organisation.value);
      form.append("file", one.file);
      request.send(form);
    });
  }

  words(one, words) {
    const place = one.row.querySelector("[data-words]");
    place.textContent = words;
    place.toggleAttribute("data-refused", one.refused);
  }

  refuse(one, words, mayTryAgain) {
    one.refused = true;
    one.row.querySelector("progress").hidden = true;
    one.row.querySelector("[data-again]").hidden = !mayTryAgain;
    one.row.querySelector("[data-drop-it]").textContent = "Dismiss";
    this.words(one, words);
    this.say(`${one.file.name}: ${words}`);
  }

  saySignedOut(one) {
    this.refuse(one, "You are signed out. ", true);
    one.row.querySelector("[data-words]").append(Object.assign(document.createElement("a"), { href: this.dataset.signin, target: "_blank", textContent: "Sign in in a new tab" }), ", then try again.");
  }

  again(one) {
    one.refused = false;
    one.row.querySelector("progress").hidden = false;
    one.row.querySelector("[data-again]").hidden = true;
    one.row.querySelector("[data-drop-it]").textContent = "Cancel";
    this.words(one, "");
    this.next();
  }

  cancel(one) {
    this.forget(one);
    one.request?.abort();
    this.querySelector("[data-choose]").focus();
  }

  forget(one) {
    this.queue = this.queue.filter((other) => other !== one);
    one.row.remove();
  }

  say(words) {
    this.said.textContent = words;
  }

  show(told) {
    const isPicture = told.content_type.startsWith("image/");
    const item = this.clone(isPicture ? "picture" : "document");
    item.dataset.file = told.url;
    Object.assign(item.querySelector("a"), { href: told.url, textContent: told.name });
    if (isPicture) Object.assign(item.querySelector("img"), { src: told.url, width: told.width, height: told.height, alt: "A picture that has no description yet" });
    this.list.append(item);
    this.addControls(item);
  }

  addControls(item) {
    const controls = this.clone("controls");
    const image = item.querySelector("img");
    const caption = item.querySelector("[data-caption]");
    const name = item.querySelector("a").textContent;
    const saved = controls.querySelector("[data-saved]");
    const takeOff = controls.querySelector("[data-take-off]");
    takeOff.setAttribute("aria-label", `Take ${name} off the note`);
    takeOff.addEventListener("click", () => this.takeOff(item, name, saved));
    if (image) {
      const field = controls.querySelector("[data-alt]");
      field.value = caption.classList.contains("muted") ? "" : caption.textContent;
      field.addEventListener("change", () => this.describe(item, field, caption, saved));
      // Enter would send the form of the whole note.
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        this.describe(item, field, caption, saved);
      });
    } else controls.querySelector("[data-alt-label]").remove();
    item.append(controls);
  }

  async describe(item, field, caption, saved) {
    const alt = field.value.trim();
    const answer = await this.tell(`${item.dataset.file}describe/`, { alt });
    saved.textContent = answer;
    if (answer !== "The description is saved." && answer !== "The description is empty now.") return;
    caption.textContent = alt || "No description yet";
    caption.classList.toggle("muted", !alt);
    item.querySelector("img").alt = alt || "A picture that has no description yet";
  }

  async takeOff(item, name, saved) {
    const answer = await this.tell(`${item.dataset.file}remove/`, {});
    if (!answer.includes("is off the note")) {
      saved.textContent = answer;
      return;
    }
    item.remove();
    this.room += 1;
    this.say(answer);
    const back = Object.assign(document.createElement("button"), { type: "button", className: "button--link", textContent: "Put it back" });
    back.addEventListener("click", async () => {
      const words = await this.tell(`${item.dataset.file}put-back/`, {});
      this.say(words);
      if (!words.includes("on the note again")) return;
      this.room -= 1;
      this.list.append(item);
      this.querySelector("[data-choose]").focus();
    });
    this.said.append(" ", back);
    back.focus();
  }

  // A small deed: what the portal said about it, or why it was not done.
  async tell(address, fields) {
    try {
      const answer = await fetch(address, {
        method: "POST",
        redirect: "error",
        headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
        body: new URLSearchParams(fields),
      });
      if (answer.status === 404) return "This is no longer possible: it was changed elsewhere.";
      const said = await answer.json();
      return said.said ?? said.error ?? "Not saved.";
    } catch {
      return "Not saved: no answer from the portal, or you are signed out. Try again.";
    }
  }
}

customElements.define("note-files", NoteFiles);
