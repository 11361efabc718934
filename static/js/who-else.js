// <who-else>: says who else has this note open. A hint only: saving is right without it, and nothing is ever locked by it.
import { clock } from "./device.js";
import { csrfToken } from "./sending.js";

const SAY_AGAIN = 20_000; // ms; the portal forgets after 60 s
const IDLE = 600_000; // ms without a key after which nobody is told any more

class WhoElse extends HTMLElement {
  connectedCallback() {
    this.lastKey = Date.now();
    this.onKey = () => { this.lastKey = Date.now(); };
    document.addEventListener("keydown", this.onKey);
    this.timer = setInterval(() => this.look(), SAY_AGAIN);
    this.look();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
    clearInterval(this.timer);
  }

  async look() {
    const isStored = document.querySelector("input[name=base_version]").value !== "0";
    if (document.hidden || !isStored || !navigator.onLine || Date.now() - this.lastKey > IDLE) return;
    try {
      const answer = await fetch(this.dataset.presence, { method: "POST", redirect: "error", headers: { "X-CSRFToken": csrfToken() } });
      const { others } = await answer.json();
      const words = others.map((one) => `${one.name} has had this note open since ${clock(new Date(one.since))}.`).join(" ");
      if (this.textContent !== words) this.textContent = words;
    } catch {
      this.textContent = "";
    }
  }
}

customElements.define("who-else", WhoElse);
