// <copy-text for="id">: its button copies the field of that id. Without script it stays hidden, and the field can be copied by hand.
customElements.define("copy-text", class extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard) return;
    this.hidden = false;
    this.querySelector("button").addEventListener("click", async () => {
      const field = document.getElementById(this.getAttribute("for"));
      const status = this.querySelector("[role=status]");
      try {
        await navigator.clipboard.writeText(field.value);
        status.textContent = "Copied.";
      } catch {
        field.select();
        status.textContent = "Selected: copy it with your keyboard.";
      }
    });
  }
});
