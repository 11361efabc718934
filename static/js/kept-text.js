// What every element that writes a text does alike: keeps it on this device while it is typed, and says so in words.
// Whoever extends it gives the form in words (text()), whether there is anything to keep (isToKeep()), what of it
// (left()), and what is true now (show()).
import { hold, newName, vault } from "./device.js";

const ON_DEVICE = 200; // ms before a key is written to this device
export const PATIENCE = 5000; // ms for a page that is being left to let go of its text

export class KeptText extends HTMLElement {
  draft = newName();
  onDevice = true;
  local = Promise.resolve();

  async openDevice(patience = 0) {
    this.vault = await vault();
    this.letGo = await hold(this.draft, patience);
  }

  // What another page left behind is from now on the text of this one.
  takeOver(id, letGo) {
    this.letGo?.();
    [this.draft, this.letGo] = [id, letGo];
  }

  keepSoon() {
    this.onDevice = false;
    this.deviceTimer ??= setTimeout(() => this.keepNow(), ON_DEVICE);
  }

  // One write after the other: a draft that was taken away must not come back.
  keepNow() {
    clearTimeout(this.deviceTimer);
    this.deviceTimer = null;
    this.local = this.local.then(() => this.keepDraft()).catch(() => { this.onDevice = false; });
    return this.local;
  }

  async keepDraft() {
    await this.ready;
    if (!this.vault) return;
    if (!this.isToKeep()) {
      await this.vault.removeDraft(this.draft);
      this.onDevice = true;
      return;
    }
    const text = this.text();
    await this.vault.putDraft(this.draft, location.pathname, this.left());
    if (this.text() !== text) return;
    this.onDevice = true;
    this.show();
  }

  // The line beside the buttons changes with every key; aloud are said only things worth interrupting for.
  say(words, isSaved, aloud = false) {
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.classList.toggle("saved--not", !isSaved);
    if (aloud) this.announce(words);
  }

  announce(words) {
    const line = this.querySelector("[data-announce]");
    if (line.textContent === words) line.textContent = "";
    line.textContent = words;
  }
}
