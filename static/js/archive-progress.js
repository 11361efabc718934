// <archive-progress>: says how far the packing of an archive is, and shows its page anew once that has come to an end.
const LOOK_AGAIN = 1000; // ms

class ArchiveProgress extends HTMLElement {
  connectedCallback() {
    this.querySelector("[data-plain]").hidden = true;
    this.bar = this.querySelector("progress");
    this.words = this.querySelector("[data-words]");
    this.timer = setInterval(() => this.look(), LOOK_AGAIN);
    this.look();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  async look() {
    if (document.hidden || this.isLooking) return;
    this.isLooking = true;
    try {
      const answer = await fetch(this.dataset.progress, { redirect: "error", headers: { Accept: "application/json" } });
      // Deleted in another window: the page itself says so.
      if (answer.status === 404) return this.showAnew();
      if (answer.ok) this.show(await answer.json());
    } catch {
      // No answer just now: the next look may have one.
    } finally {
      this.isLooking = false;
    }
  }

  show({ state, done, total }) {
    if (state !== "waiting" && state !== "packing") return this.showAnew();
    if (!total) return;
    this.bar.max = total;
    this.bar.value = done;
    const words = `${done} of ${total} note${total === 1 ? "" : "s"}`;
    if (this.words.textContent !== words) this.words.textContent = words;
  }

  showAnew() {
    clearInterval(this.timer);
    location.reload();
  }
}

customElements.define("archive-progress", ArchiveProgress);
