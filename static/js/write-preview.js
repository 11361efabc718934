// Write and Preview: two tabs over one textarea. The preview is rendered where the note will be.

import { csrfToken } from "./sending.js";

class WritePreview extends HTMLElement {
  connectedCallback() {
    this.tabs = [...this.querySelectorAll('[role="tab"]')];
    this.panels = this.tabs.map((tab) => document.getElementById(tab.getAttribute("aria-controls")));
    const [write] = this.panels;
    write.setAttribute("role", "tabpanel");
    write.setAttribute("aria-labelledby", this.tabs[0].id);
    this.querySelector('[role="tablist"]').hidden = false;
    this.tabs.forEach((tab, at) => {
      tab.addEventListener("click", () => this.show(at));
      tab.addEventListener("keydown", (event) => this.move(event, at));
    });
  }

  move(event, at) {
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.tabs.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = (steps[event.key] + this.tabs.length) % this.tabs.length;
    this.show(next);
    this.tabs[next].focus();
  }

  show(at) {
    this.tabs.forEach((tab, other) => {
      tab.setAttribute("aria-selected", String(other === at));
      tab.tabIndex = other === at ? 0 : -1;
      this.panels[other].hidden = other !== at;
    });
    this.querySelector("markdown-toolbar").hidden = at === 1;
    if (at === 1) this.render();
  }

  async render() {
    const panel = this.panels[1];
    const text = this.querySelector("textarea").value;
    panel.textContent = "One moment…";
    try {
      const answer = await fetch(this.dataset.preview, {
        method: "POST",
        headers: { "X-CSRFToken": csrfToken() },
        body: new URLSearchParams({ text }),
      });
      const words = await answer.text();
      if (answer.ok && !answer.redirected) panel.innerHTML = words;
      else if (answer.status === 413 || answer.status === 422) panel.textContent = words;
      else panel.textContent = "There is no preview just now. Your text is safe under “Write”.";
    } catch {
      panel.textContent = "There is no connection, so no preview. Your text is safe under “Write”.";
    }
  }
}

customElements.define("write-preview", WritePreview);
