// <mark-passage>: words selected in its text go into its form, or into the address of its link. Without script the words are pasted.

// A place in the text, in code points: what the portal counts.
function pointsBefore(text, node, offset) {
  const range = document.createRange();
  range.selectNodeContents(text);
  range.setEnd(node, offset);
  return [...range.toString()].length;
}

class MarkPassage extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector(".marked-text");
    this.form = this.querySelector("form[method=post] textarea[name=words]")?.form;
    this.link = this.form ? null : this.querySelector(".actions a");
    this.onSelect = () => this.take();
    document.addEventListener("selectionchange", this.onSelect);
  }

  disconnectedCallback() {
    document.removeEventListener("selectionchange", this.onSelect);
  }

  take() {
    const selection = document.getSelection();
    if (!selection.rangeCount) return;
    const range = selection.getRangeAt(0);
    const inside = this.text.contains(range.startContainer) && this.text.contains(range.endContainer);
    const words = inside ? range.toString() : "";
    if (!words.trim()) {
      if (this.link && inside) this.link.href = this.dataset.url;
      return;
    }
    const skipped = words.length - words.trimStart().length;
    const start = pointsBefore(this.text, range.startContainer, range.startOffset) + [...words.slice(0, skipped)].length;
    const kept = words.trim();
    if (this.link) {
      this.link.href = `${this.dataset.url}&start=${start}&end=${start + [...kept].length}`;
      return;
    }
    this.form.elements.words.value = kept;
    for (const field of this.form.querySelectorAll("[name=start]")) {
      if (field.type === "radio") field.checked = field.value === String(start);
      else field.value = start;
    }
  }
}

customElements.define("mark-passage", MarkPassage);
