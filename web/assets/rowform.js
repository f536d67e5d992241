// A row's form: what a field holds and what the choice beside it says follow each
// other. Without this file the choice wins unless it is left as it came.

import { find } from "./page.js";

const typed = (as) => ["value", "number", "text", "blob"].includes(as);
const texts = new WeakMap(); // what was typed before a choice took it away

const partOf = (event, kind) => {
  const box = event.target.closest?.(".row-input");
  const choice = box && find("[data-as]", box);
  const field = box && find("[name^='v.']", box);
  return field && event.target === (kind === "choice" ? choice : field) ? { field, choice } : null;
};

// Who types means what is typed.
document.addEventListener("input", (event) => {
  const at = partOf(event, "field");
  if (at && !typed(at.choice.value)) at.choice.value = "value";
});

document.addEventListener("change", (event) => {
  const at = partOf(event, "choice");
  if (!at) return;
  if (typed(at.choice.value)) {
    if (at.field.value === "" && texts.has(at.field)) at.field.value = texts.get(at.field);
    at.field.focus();
  } else if (at.field.value !== "") {
    texts.set(at.field, at.field.value);
    at.field.value = "";
  }
});
