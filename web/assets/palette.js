// The palette: what is typed is searched on the server, and the arrow keys move
// through the links that were found.

import { openDialog } from "./dialogs.js";
import { announce, find } from "./page.js";
import { on } from "./keys.js";

on("palette", () => openDialog(find("#palette")));

// What was asked last, and what the links that are shown answer. Who types and
// presses Enter at once means what isn't found yet: it is followed when it comes.
let asked = null;
let answered = null;
let wanted = false;

document.addEventListener("htmx:before:request", (event) => {
  const input = event.detail?.ctx?.sourceElement?.closest?.("#palette form")?.elements.q;
  if (input) asked = input.value;
});
document.addEventListener("input", (event) => {
  if (event.target.closest("#palette")) wanted = false;
});

document.addEventListener("dialog:open", (event) => {
  if (event.target.id !== "palette") return;
  const input = find("input[type=search]", event.target);
  input.select();
  answered = null;
  wanted = false;
  window.htmx?.trigger(input.form, "palette");
});

document.addEventListener("keydown", (event) => {
  const palette = event.target.closest?.("#palette");
  if (!palette) return;
  const links = [...palette.querySelectorAll(".palette-results a")];
  const at = links.indexOf(event.target);
  const input = find("input[type=search]", palette);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const to = at + (event.key === "ArrowDown" ? 1 : -1);
    (to < 0 ? input : links[Math.min(to, links.length - 1)])?.focus();
  } else if (event.key === "Enter" && event.target === input) {
    event.preventDefault(); // the first that was found is what is meant
    if (answered === input.value) links[0]?.click();
    else wanted = true;
  } else if (at >= 0 && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
    input.focus(); // typing goes on in the field
  }
});

document.addEventListener("htmx:after:settle", (event) => {
  const palette = find("#palette[open]");
  if (!palette || !event.detail?.newContent?.some((node) => palette.contains(node))) return;
  const links = palette.querySelectorAll(".palette-results a");
  answered = asked;
  if (wanted && answered === find("input[type=search]", palette).value) {
    wanted = false;
    links[0]?.click();
  }
  announce(links.length === 0 ? "Nothing found" : `${links.length} found`);
});
