// Editing cells in place. Changes gather in a queue and are saved together; the
// server compares each with what stood on the page. Without this file rows are
// edited on a page of their own, and cells whose value a page can't hold as it is
// still are.

import { ask, toast } from "./dialogs.js";
import { announce, find } from "./page.js";
import { on } from "./keys.js";
import "./rowform.js";

// Changes by cell, in the order they were made: {td, row, key, column, kind, old,
// as, text, before}. kind and old are what was seen; before are the nodes that the
// cell showed.
const queue = new Map();

const grid = () => find("table[data-editable]");
const bar = () => find("#changes");

const columnOf = (td) => grid().tHead.rows[0].cells[td.cellIndex];
const keyOf = (td) => find("input[name=key]", td.parentElement)?.value;
const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

// What the page says that a cell holds; null for what it can't hold.
function seen(td) {
  if (td.dataset.whole !== undefined || find("a.cut, a.blob, .blob, details", td)) return null;
  if (find(".null", td)) return { kind: "null", old: "" };
  if (find(".empty", td)) return { kind: "text", old: "" };
  const text = td.textContent;
  if (!td.classList.contains("num")) return { kind: "text", old: text };
  return { kind: /^-?\d+$/.test(text) ? "integer" : "real", old: text };
}

// ---- The editor of one cell --------------------------------------------------

const ways = {
  value: "value", null: "NULL", empty: "empty text", default: "default", now: "now", uuid: "new UUID", number: "number", text: "text",
};
const typed = (as) => as === "value" || as === "number" || as === "text";

function waysFor(head) {
  return Object.keys(ways).filter((as) => {
    if (as === "null") return head.dataset.notnull === undefined;
    if (as === "default") return head.dataset.default !== undefined;
    if (as === "uuid") return head.dataset.field === "text";
    if (as === "number" || as === "text") return head.dataset.untyped !== undefined;
    return true;
  });
}

let open = null; // {td, close}

function option(value, text, selected) {
  const el = document.createElement("option");
  el.value = value;
  el.textContent = text;
  el.selected = selected;
  return el;
}

function field(head, text) {
  if (head.dataset.field === "boolean" && ["", "0", "1"].includes(text)) {
    const select = document.createElement("select");
    select.append(option("", "\u2014", text === ""), option("1", "true (1)", text === "1"), option("0", "false (0)", text === "0"));
    return select;
  }
  // An input would drop line breaks, those of the cell and those that are pasted.
  const number = head.dataset.field === "number" && !text.includes("\n");
  const input = document.createElement(number ? "input" : "textarea");
  if (number) input.inputMode = "decimal";
  else input.rows = Math.min(text.split("\n").length, 8);
  input.autocomplete = "off";
  input.spellcheck = false;
  input.value = text;
  return input;
}

function edit(td) {
  if (open?.td === td) return;
  open?.close(true);
  const head = columnOf(td);
  const key = keyOf(td);
  if (!head?.dataset.column || head.dataset.generated !== undefined || !key) return;
  const change = queue.get(td);
  const now = change ?? seen(td);
  if (!now) { // too long, or bytes: the row's own page
    const { rowPage, back } = grid().dataset;
    location.assign(`${rowPage}?${new URLSearchParams({ key, back })}`);
    return;
  }
  const as = change ? change.as : now.kind === "null" ? "null" : now.old === "" ? "empty" : "value";
  const text = change ? change.text : now.old;
  const shown = [...td.childNodes];
  const box = document.createElement("span");
  box.className = "cell-edit";
  const input = field(head, typed(as) ? text : "");
  input.setAttribute("aria-label", head.dataset.column);
  const select = document.createElement("select");
  select.setAttribute("aria-label", `What ${head.dataset.column} becomes`);
  select.append(...waysFor(head).map((way) => option(way, ways[way], way === as)));
  box.append(input, select);
  td.style.minWidth = `${td.offsetWidth}px`; // the editor lies above the cell, and no column moves
  td.replaceChildren(box);
  td.classList.add("editing");
  box.classList.toggle("at-end", box.getBoundingClientRect().right > td.closest(".grid-wrap").getBoundingClientRect().right);
  input.addEventListener("input", () => {
    if (!typed(select.value)) select.value = "value";
    if (input.rows) input.rows = Math.min(input.value.split("\n").length, 8);
  });
  select.addEventListener("change", () => (typed(select.value) ? input.focus() : close(true)));

  function close(keep) {
    if (open?.td !== td) return;
    open = null;
    td.classList.remove("editing");
    td.style.minWidth = "";
    td.replaceChildren(...shown);
    if (keep) put(td, { as: select.value, text: input.value });
  }
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.shiftKey || event.altKey) && event.target.tagName === "TEXTAREA") {
      event.stopPropagation();
      if (event.altKey) { // a browser does that with Shift only
        event.preventDefault();
        input.setRangeText("\n", input.selectionStart, input.selectionEnd, "end");
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      event.stopPropagation();
      close(true);
      focusCell(td);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(false);
      focusCell(td);
    } else if (event.key === "Tab" && event.target === (event.shiftKey ? input : select)) {
      event.preventDefault();
      close(true);
      const next = neighbour(td, event.shiftKey ? -1 : 1, 0);
      focusCell(next ?? td);
      if (next) edit(next);
    }
  });
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget)) close(true);
  });
  open = { td, close };
  input.focus();
  input.select?.();
  box.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// ---- The queue ---------------------------------------------------------------

function show(td, as, text) {
  const words = { null: ["NULL", "null"], empty: ["empty", "empty"], default: ["default", "null"], now: ["now", "null"], uuid: ["new UUID", "null"] }[as];
  if (!words) {
    td.replaceChildren(...visible(text));
    return;
  }
  const span = document.createElement("span");
  [span.textContent, span.className] = words;
  td.replaceChildren(span);
}

const controls = "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(" ");

// A line break is one line and a mark, blanks at the edges are tinted, a control
// character has a sign: as the server writes cells. The text stays what it is.
function visible(text) {
  return text.split(/(\n|^[ \t]+|[ \t]+$|[\x01-\x08\x0b-\x1f\x7f])/).filter((part) => part !== "").map((part) => {
    const code = part.length === 1 ? part.charCodeAt(0) : 32;
    const control = code < 32 && code !== 9 && code !== 10 || code === 127;
    if (!control && part !== "\n" && part.trim() !== "") return part;
    const el = document.createElement("i");
    el.className = control ? "ctl" : part === "\n" ? "nl" : "sp";
    if (control) el.dataset.sign = controls[code] ?? "DEL";
    el.textContent = part;
    return el;
  });
}

// put notes what a cell is to become. What it was before is taken back.
function put(td, { as, text }) {
  const head = columnOf(td);
  if (as === "value" && text === "") {
    // A number that is cleared is NULL; where that can't be, the server says so.
    const number = head.dataset.field === "number" || head.dataset.field === "boolean";
    as = !number ? "empty" : head.dataset.notnull === undefined ? "null" : "value";
  }
  if (!typed(as)) text = "";
  const known = queue.get(td);
  const was = known ?? { ...seen(td), before: [...td.childNodes], classes: td.className };
  const same = as === "value" ? was.kind !== "null" && was.kind !== "seen" && text === was.old && text !== ""
    : as === "text" ? was.kind === "text" && text === was.old : as === "number" ? (was.kind === "integer" || was.kind === "real") && text === was.old
    : as === "null" ? was.kind === "null" : as === "empty" && was.kind === "text" && was.old === "";
  if (same) {
    restore(td, was);
  } else if (!known || known.as !== as || known.text !== text) {
    const history = known ? [...known.history, { as: known.as, text: known.text }] : [];
    queue.delete(td); // the last change is last
    queue.set(td, {
      td, row: Number(td.parentElement.id.slice(1)), key: keyOf(td), column: head.dataset.column,
      kind: was.kind, old: was.old, before: was.before, classes: was.classes, as, text, history,
    });
    show(td, as, text);
    td.classList.add("changed");
  }
  count();
}

function restore(td, was) {
  td.replaceChildren(...was.before);
  td.className = was.classes;
  queue.delete(td);
}

function count() {
  const form = bar();
  if (!form) return;
  const rows = new Set([...queue.values()].map((c) => c.key)).size;
  form.hidden = queue.size === 0;
  find("[data-changes-words]", form).textContent = `${plural(queue.size, "unsaved change")} in ${plural(rows, "row")}`;
  find("[data-changes-save]", form).textContent = `Save ${plural(queue.size, "change")}`;
  if (queue.size === 0) find("#changes-answer").replaceChildren();
}

function discard() {
  for (const [td, change] of [...queue]) restore(td, change);
  count();
  announce("Discarded");
}

function undo() {
  const last = [...queue.values()].at(-1);
  if (!last) return false;
  const before = last.history.pop();
  if (before) {
    Object.assign(last, before);
    show(last.td, last.as, last.text);
  } else {
    restore(last.td, last);
  }
  count();
  focusCell(last.td);
  announce(queue.size === 0 ? "Taken back. Nothing is left to save" : `Taken back, ${plural(queue.size, "change")} left`);
}

function payload() {
  const rows = new Map();
  for (const { row, key, column, kind, old, as, text } of queue.values()) {
    if (!rows.has(key)) rows.set(key, { key, row, cells: [] });
    rows.get(key).cells.push({ column, kind, old, as, text });
  }
  return JSON.stringify([...rows.values()]);
}

// What a save sent, by cell; null while none is on its way. Changes may go on.
let sent = null;

// Before htmx or the browser reads the form.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "changes") return;
  if (sent) { // a change would be sent twice
    event.preventDefault();
    event.stopImmediatePropagation();
    announce("A save is on its way");
    return;
  }
  open?.close(true);
  event.target.elements.changes.value = payload();
  if (event.submitter?.value === "save") sent = new Map([...queue].map(([td, { as, text }]) => [td, { as, text }]));
}, true);

// The rows come back as they are now, each in its place. What was changed since
// they were sent is still to be saved, and compares with what was saved.
let focused = null; // [row, cell] of the cell that had the focus
document.addEventListener("rows:saved", () => {
  const was = sent ?? new Map();
  const editing = open && !open.td.isConnected ? open.td : null;
  if (editing) open.close(true);
  for (const [td, change] of [...queue]) {
    const went = was.get(td);
    if (td.isConnected && !went) continue;
    queue.delete(td);
    if (went && went.as === change.as && went.text === change.text) continue;
    const row = document.getElementById(`r${change.row}`);
    const now = row?.cells[td.cellIndex];
    if (!now || !keyOf(now)) {
      toast(`Row ${change.row + 1} is gone: your later change of ${change.column} is not kept`);
      continue;
    }
    const base = seen(now) ?? { kind: "text", old: went?.text ?? "" };
    queue.set(now, { ...change, td: now, key: keyOf(now), ...base, before: [...now.childNodes], classes: now.className, history: [] });
    show(now, change.as, change.text);
    now.classList.add("changed");
  }
  count();
  toast(`Saved ${plural(was.size, "change")}`);
  if (editing) {
    const now = document.getElementById(editing.parentElement.id)?.cells[editing.cellIndex];
    if (now) edit(now);
  }
});
document.addEventListener("htmx:finally:request", (event) => {
  if (event.detail?.ctx?.sourceElement?.closest?.("#changes")) sent = null;
});
document.addEventListener("htmx:after:settle", () => {
  if (!focused || !grid()) return;
  const td = document.getElementById(focused[0])?.cells[focused[1]];
  if (td && (document.activeElement === document.body || document.activeElement?.closest("#changes"))) focusCell(td);
});

document.addEventListener("click", async (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-changes-discard]")) {
    if (queue.size < 4 || await ask(`Discard ${plural(queue.size, "change")}?`, "Discard", event.target)) discard();
  }
  const choice = at("[data-conflict]");
  if (choice) resolve(choice);
});

// A conflict is settled cell by cell: what is there is taken, or what is there is
// what the next save compares with. The focus goes on to the next one, then to
// what is left to do.
function resolve(button) {
  const { conflict, key, column, now, nowKind, seen: token, cut } = button.dataset;
  let cell = null;
  for (const [td, change] of [...queue]) {
    if (change.key !== key || (conflict !== "drop" && change.column !== column)) continue;
    cell = td;
    if (conflict === "mine") {
      change.kind = "seen";
      change.old = token;
      continue;
    }
    restore(td, change);
    if (conflict === "theirs") take(td, nowKind, now, cut !== undefined);
  }
  if (conflict === "drop") gone(key);
  const row = button.closest("tr");
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  if (!next) find("#changes-answer").replaceChildren();
  count();
  announce(conflict === "mine" ? "It will be overwritten" : conflict === "theirs" ? "Taken" : "Dropped");
  if (next) find("button", next).focus();
  else if (queue.size > 0) find("button[value=save]", bar()).focus();
  else if (cell) focusCell(cell);
}

// take shows what is there now. What a conflict can't show as it is, is edited on
// the row's page from then on.
function take(td, kind, text, cut) {
  show(td, kind === "null" ? "null" : text === "empty text" && kind === "text" ? "empty" : "value", text);
  td.classList.toggle("num", kind === "integer" || kind === "real");
  td.toggleAttribute("data-whole", cut);
}

// gone takes a row off the page that isn't in the table any more.
function gone(key) {
  for (const box of document.querySelectorAll("form#rows input[name=key]")) {
    if (box.value === key) box.closest("tr").remove();
  }
  chosen();
}

// Leaving with unsaved changes asks first.
addEventListener("beforeunload", (event) => {
  if (queue.size > 0 && !find("#changes[aria-busy=true]")) event.preventDefault();
});

// ---- Moving about --------------------------------------------------------------

function focusCell(td) {
  for (const el of document.querySelectorAll("table[data-editable] td[tabindex]")) el.tabIndex = -1;
  td.tabIndex = 0;
  td.focus();
  focused = [td.parentElement.id, td.cellIndex];
}

function neighbour(td, dx, dy) {
  const row = dy === 0 ? td.parentElement : dy > 0 ? td.parentElement.nextElementSibling : td.parentElement.previousElementSibling;
  const cell = row?.cells[td.cellIndex + dx];
  return cell && !cell.classList.contains("check") ? cell : null;
}

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  const td = event.target;
  if (!td.matches?.("table[data-editable] td") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (arrows[event.key]) {
    const next = neighbour(td, ...arrows[event.key]);
    if (next) focusCell(next);
    event.preventDefault();
  } else if (event.key === "F2") {
    event.preventDefault();
    edit(td);
  }
});

document.addEventListener("click", (event) => {
  const td = event.target.closest("table[data-editable] tbody td:not(.check)");
  if (td && !event.target.closest("a, .cell-edit, summary")) focusCell(td);
});
document.addEventListener("dblclick", (event) => {
  const td = event.target.closest("table[data-editable] tbody td:not(.check)");
  if (td && !event.target.closest(".cell-edit")) edit(td);
});

on("edit", (event) => {
  if (!event.target.matches?.("table[data-editable] td")) return false;
  edit(event.target);
});
on("save", () => {
  open?.close(true);
  if (!grid() || queue.size === 0) return !!grid();
  bar().requestSubmit(find("button[value=save]", bar()));
});
on("undo", (event) => {
  if (event.target.closest?.("input, textarea, .cm-editor")) return false; // the field's own
  return undo();
});

// ---- Choosing rows -----------------------------------------------------------------

function chosen() {
  const form = find("form#rows");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[name=key]")];
  const n = boxes.filter((box) => box.checked).length;
  const selection = find("[data-selection]", form);
  selection.hidden = n === 0;
  find("[data-selection-words]", selection).textContent = `${n} selected`;
  find("[data-one]", selection).hidden = n !== 1;
  find("[data-delete]", selection).textContent = `Delete ${plural(n, "row")}…`;
  const all = find("[data-all]", form);
  all.checked = n > 0 && n === boxes.length;
  all.indeterminate = n > 0 && n < boxes.length;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of event.target.form.querySelectorAll("input[name=key]")) box.checked = event.target.checked;
  }
  if (event.target.matches("form#rows input[type=checkbox]")) chosen();
});

document.addEventListener("DOMContentLoaded", () => {
  chosen();
  const first = find("table[data-editable] tbody td:not(.check)");
  if (first) first.tabIndex = 0;
});
addEventListener("pageshow", chosen); // the browser remembers boxes
