// <copy-text for="id">: its button copies the field or text of that id. It has its room from the start; where it cannot work it goes, and one copies by hand.
customElements.define("copy-text", class extends HTMLElement {
  connectedCallback() {
    this.hidden = !navigator.clipboard;
    if (this.hidden) return;
    this.querySelector("button").addEventListener("click", async () => {
      const field = document.getElementById(this.getAttribute("for"));
      const status = this.querySelector("[role=status]");
      try {
        await navigator.clipboard.writeText(field.value ?? field.textContent.trim());
        status.textContent = "Copied.";
      } catch {
        if (field.select) field.select();
        else getSelection().selectAllChildren(field);
        status.textContent = "Selected: copy it with your keyboard.";
      }
    });
  }
});
