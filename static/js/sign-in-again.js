// <sign-in-again>: signs in without leaving the page, when a session has ended while somebody was writing.
// Sends the portal's own sign-in forms. Whoever needs a second factor, or wants a passkey, gets a link to the whole page.
import { whoIsSignedIn } from "./device.js";
import { csrfToken } from "./sending.js";

class SignInAgain extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.bar = this.querySelector("[data-bar]");
    this.line = this.querySelector("[data-told]");
    this.querySelector("[data-open]").addEventListener("click", () => this.open());
    this.querySelector("[data-later]").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => { this.bar.hidden = this.isDone; });
    for (const form of this.querySelectorAll("form")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.send(form, event.submitter);
      });
    }
    this.onFocus = () => this.lookWhetherDone();
    window.addEventListener("focus", this.onFocus);
  }

  disconnectedCallback() {
    window.removeEventListener("focus", this.onFocus);
  }

  // Opens by itself once; after that the line above the buttons is there to open it again.
  ask() {
    this.isDone = false;
    this.isAsking = true;
    if (this.bar.hidden && !this.dialog.open) this.open();
  }

  open() {
    this.say("");
    this.dialog.showModal();
  }

  say(words) {
    this.line.textContent = words;
    this.line.hidden = !words;
  }

  async send(form, submitter) {
    if (this.isBusy) return;
    this.isBusy = true;
    this.say("One moment…");
    try {
      // The page's cookie may be gone as well: this brings a new one.
      if (!csrfToken()) await fetch(form.dataset.page, { cache: "no-store" });
      const fields = new FormData(form);
      if (submitter?.name) fields.set(submitter.name, submitter.value);
      fields.set("csrfmiddlewaretoken", csrfToken());
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (await this.lookWhetherDone()) return;
      if (answer.url.includes("/2fa/")) this.say("One more step is asked of you. Open the whole sign-in page below, then come back here.");
      else if ("asksCode" in form.dataset && !this.errorsOf(page)) this.askForCode();
      else this.say(this.errorsOf(page) || "That did not work. Please try again.");
    } catch {
      this.say("No answer from the portal. Your text is safe; please try again when you are connected.");
    } finally {
      this.isBusy = false;
    }
  }

  errorsOf(page) {
    const found = page.querySelector("main .alert, main .invalid-feedback, main .errorlist, main [role=alert]");
    return found ? found.textContent.trim().replace(/\s+/g, " ") : "";
  }

  askForCode() {
    this.say("If the address has an account here, a code is on its way.");
    const form = this.querySelector("[data-code-form]");
    form.hidden = false;
    form.querySelector("input[name=code]").focus();
  }

  async lookWhetherDone() {
    if (!this.isAsking || !(await whoIsSignedIn().catch(() => null))) return false;
    this.isAsking = false;
    this.isDone = true;
    this.dialog.close();
    this.bar.hidden = true;
    for (const field of this.querySelectorAll("input[type=password], input[name=code]")) field.value = "";
    this.dispatchEvent(new Event("signed-in", { bubbles: true }));
    return true;
  }
}

customElements.define("sign-in-again", SignInAgain);
