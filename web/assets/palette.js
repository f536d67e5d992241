// The palette: what is typed is searched on the server, and the arrow keys move
// through the links that were found.

import { openDialog } from "./dialogs.js";
import { announce, find } from "./page.js";
import { on } from "./keys.js";

on("palette", () => openDialog(find("#palette")));

document.addEventListener("dialog:open", (event) => {
  if (event.target.id !== "palette") return;
  const input = find("input[type=search]", event.target);
  input.select();
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
    links[0]?.click();
  } else if (at >= 0 && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
    input.focus(); // typing goes on in the field
  }
});

document.addEventListener("htmx:after:settle", () => {
  const palette = find("#palette[open]");
  if (!palette) return;
  const n = palette.querySelectorAll(".palette-results a").length;
  announce(n === 0 ? "Nothing found" : `${n} found`);
});
