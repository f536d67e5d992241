// The keyboard: every shortcut of keys.json, which the help page, the palette and
// the hints on buttons show too. A part of the page that can do what a shortcut
// is for says so by on(id, handler); the handler returns false when there is
// nothing to do, and the key then is the browser's.

import shortcuts from "../templates/keys/keys.json";
import { find, isMac, isTyping, root } from "./page.js";

const handlers = new Map();
export function on(id, handler) {
  handlers.set(id, [...(handlers.get(id) ?? []), handler]);
}

function act(shortcut, event) {
  for (const handler of handlers.get(shortcut.id) ?? []) {
    if (handler(event) !== false) return true;
  }
  const link = shortcut.tab && find(`.tabs a[data-tab="${shortcut.tab}"]`);
  const href = link ? link.href : shortcut.go;
  if (!href || (shortcut.go && !find(`a[href="${shortcut.go}"], [data-go="${shortcut.go}"]`))) return false; // nobody goes where they may not
  location.assign(href);
  return true;
}

const chords = shortcuts.filter((s) => s.keys.startsWith("Mod+"));
const sequences = shortcuts.filter((s) => s.keys.includes(" "));
const singles = shortcuts.filter((s) => !s.keys.includes("+") && !s.keys.includes(" ") && s.keys.length === 1);
const named = shortcuts.filter((s) => s.keys === "Enter" || s.keys === "Esc");

// Shortcuts of single keys can be switched off, for this browser.
function singleKeys() {
  try {
    return localStorage.getItem("shortcuts") !== "off";
  } catch {
    return true;
  }
}

let before = "";
let since = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const run = (list, matches) => {
    const shortcut = list.find(matches);
    if (shortcut && act(shortcut, event)) event.preventDefault();
    return !!shortcut;
  };
  if (mod && !event.altKey && !event.shiftKey) {
    run(chords, (s) => s.keys.slice(4).toLowerCase() === event.key.toLowerCase());
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (run(named, (s) => s.keys === (event.key === "Escape" ? "Esc" : event.key))) return;
  if (!singleKeys() || isTyping(event.target) || find("dialog[open]")) return;
  const last = event.timeStamp - since < 1000 ? before : "";
  before = event.key;
  since = event.timeStamp;
  if (last && run(sequences, (s) => s.keys === `${last} ${event.key}`)) {
    before = "";
    return;
  }
  run(singles, (s) => s.keys === event.key);
});

// ---- What works on every page ------------------------------------------------

on("filter", () => {
  const filter = find("[data-focus-filter]");
  if (!filter) return false;
  filter.focus();
  filter.select?.();
});
on("help", () => location.assign("/help"));
on("run", (event) => {
  const form = event.target.closest?.("form[data-submit-mod-enter], form[method=post]");
  if (!form) return false;
  form.requestSubmit();
});
on("close", () => {
  const menu = find("details.menu[open]");
  if (menu) {
    menu.open = false;
    find("summary", menu).focus();
    return true;
  }
  const sidebar = find("#sidebar[data-open]");
  if (!sidebar) return false;
  find("[data-sidebar-toggle]").click();
});

// A Mac's keyboard says Command.
document.addEventListener("DOMContentLoaded", () => {
  if (isMac) {
    for (const kbd of document.querySelectorAll("kbd")) kbd.textContent = kbd.textContent.replace(/\bCtrl\b/, "⌘");
  }
  const row = find("[data-shortcuts-switch]");
  const box = find("[data-shortcuts-toggle]");
  if (!box) return;
  row.hidden = false;
  box.checked = singleKeys();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem("shortcuts", box.checked ? "on" : "off");
    } catch { /* the choice then lasts for no page */ }
  });
});
root.dataset.keys = "ready";
