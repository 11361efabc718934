// <leaving-device>: before somebody signs out, says what has not been sent; at sign-out takes their key from this browser.
import { countUnsent, forget } from "./device.js";

class LeavingDevice extends HTMLElement {
  async connectedCallback() {
    const form = this.querySelector("form");
    form.addEventListener("submit", async (event) => {
      if (this.isForgotten) return;
      event.preventDefault();
      await forget().catch(() => {});
      this.isForgotten = true;
      form.requestSubmit(event.submitter);
    });
    const count = await countUnsent();
    const line = this.querySelector("[data-unsent]");
    line.hidden = count === 0;
    line.querySelector("[data-count]").textContent = count === 1 ? "One text of yours is" : `${count} texts of yours are`;
  }
}

customElements.define("leaving-device", LeavingDevice);
