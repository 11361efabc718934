/* Names for the pick lists of the staff desk: the list that replaces a select takes the select's label. */
function name(container) {
  const select = container.previousElementSibling;
  if (!(select instanceof HTMLSelectElement)) return;
  const label = select.getAttribute("aria-label") || select.labels[0]?.textContent.replace(/:\s*$/, "").trim();
  if (!label) return;
  for (const part of container.querySelectorAll("[role=combobox], [role=textbox], [role=searchbox], input")) {
    part.setAttribute("aria-label", label);
    part.removeAttribute("aria-labelledby");
  }
}

function nameAll(root) {
  for (const container of root.querySelectorAll(".select2-container")) name(container);
  for (const box of root.querySelectorAll(".select2-container [role=combobox][aria-owns]")) {
    box.setAttribute("aria-controls", box.getAttribute("aria-owns"));
  }
  for (const field of root.querySelectorAll(".select2-dropdown .select2-search__field")) {
    field.setAttribute("aria-label", "Search");
  }
}

new MutationObserver((changes) => {
  if (changes.some((change) => change.addedNodes.length)) nameAll(document);
}).observe(document.body, { childList: true, subtree: true });
nameAll(document);
