// The dashboard's own script. Every page works as plain links and forms; this
// makes them pleasant. It is loaded in <head> without defer, after htmx in the
// same file, because the theme has to be known before the first paint.
//
// palette.js and keys.js are parts of it.
//
// All listeners sit on the document, so that content swapped in later needs no
// set-up, and none of them relies on inline handlers, which the policy forbids.

import { announce, find, isTyping, root } from "./page.js";
import { abort, openDialog, showToasts } from "./dialogs.js";
import "./keys.js";
import "./palette.js";
import "./grid.js";

// The class tells the style sheet that the sidebar can be a drawer.
root.classList.add("js");

// ---- Theme -----------------------------------------------------------------

const themes = ["system", "light", "dark"];
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

// Storage throws when the browser blocks it; the choice then lasts for a page.
function storedTheme() {
  try {
    const theme = localStorage.getItem("theme");
    return themes.includes(theme) ? theme : "system";
  } catch {
    return "system";
  }
}

function applyTheme(theme) {
  root.dataset.theme = theme;
  root.classList.toggle("dark", theme === "dark" || (theme === "system" && prefersDark.matches));
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.setAttribute("aria-label", `Theme: ${theme}`);
  }
}

applyTheme(storedTheme());
prefersDark.addEventListener("change", () => applyTheme(root.dataset.theme));
// Another tab changed it.
addEventListener("storage", (event) => event.key === "theme" && applyTheme(storedTheme()));
document.addEventListener("DOMContentLoaded", () => {
  applyTheme(root.dataset.theme);
  // In a long list of tables, the one that is shown is in sight.
  const here = document.querySelector(".list-pane [aria-current]");
  const pane = here?.closest(".list-pane");
  if (pane && pane.scrollHeight > pane.clientHeight) pane.scrollTop = here.offsetTop - pane.clientHeight / 2;
  showToasts();
});

function cycleTheme() {
  const theme = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
  try {
    localStorage.setItem("theme", theme);
  } catch { /* see storedTheme */ }
  applyTheme(theme);
  announce(`Theme: ${theme}`);
}

// ---- Clipboard -------------------------------------------------------------

// navigator.clipboard exists in secure contexts only; the dashboard may run
// on plain http in a private network.
async function writeClipboard(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const ok = document.execCommand("copy");
  area.remove();
  if (!ok) throw new Error("copy refused");
}

// A page can't hold every character of a text: a mark names one that it can't.
function valueOf(part) {
  const copied = part.cloneNode(true);
  for (const mark of copied.querySelectorAll("[data-char]")) mark.replaceWith(String.fromCharCode(mark.dataset.char));
  return copied.textContent;
}

// So does what is selected in one text and copied by hand.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.rangeCount !== 1) return;
  const range = selection.getRangeAt(0);
  const within = range.commonAncestorContainer;
  const part = range.cloneContents();
  if (!(within.closest ? within : within.parentElement).closest("td, pre, details.long, .kept") || !find("[data-char]", part)) return;
  event.clipboardData.setData("text/plain", valueOf(part));
  event.preventDefault();
});

async function copy(button) {
  const from = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  const text = from ? from.value ?? valueOf(from) : button.dataset.copy;
  try {
    await writeClipboard(text);
    announce("Copied");
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1500);
  } catch {
    announce("Copying failed");
  }
  // The fallback moved the focus into its text area.
  button.focus();
}

// ---- Sidebar of narrow screens and menus -----------------------------------

function setSidebar(open, focus = true) {
  const sidebar = find("#sidebar");
  if (!sidebar || sidebar.hasAttribute("data-open") === open) return;
  sidebar.toggleAttribute("data-open", open);
  for (const button of document.querySelectorAll("[data-sidebar-toggle]")) {
    button.setAttribute("aria-expanded", String(open));
  }
  if (focus) (open ? find("a, button", sidebar) : find("[data-sidebar-toggle]"))?.focus();
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("focusout", (event) => {
  const to = event.relatedTarget;
  if (!to) return;
  if (!to.closest("#sidebar, [data-sidebar-toggle]")) setSidebar(false, false);
  const menu = event.target.closest("details.menu");
  if (menu && !menu.contains(to)) menu.open = false;
});

// ---- Clicks ----------------------------------------------------------------

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest(selector);

  closeMenus(on("details.menu"));
  if (on("details.menu [data-menu] :is(a, button)")) closeMenus();
  if (!on("#sidebar") || on("#sidebar a")) {
    if (!on("[data-sidebar-toggle]")) setSidebar(false, false);
  }

  let el;
  if ((el = on("[data-sidebar-toggle]"))) {
    setSidebar(!find("#sidebar")?.hasAttribute("data-open"));
  } else if (on("[data-theme-toggle]")) {
    cycleTheme();
  } else if ((el = on("[data-copy], [data-copy-from]"))) {
    copy(el);
  } else if ((el = on("[data-toast-close]"))) {
    el.closest(".toast").remove();
  } else if ((el = on("[data-abort]"))) {
    abort(find(el.dataset.abort));
  } else if ((el = on("form [data-cancel]"))) {
    cancelRun(el.closest("form"));
  } else if ((el = on("[data-dialog]"))) {
    // Without a dialog in the page a link still leads to its own page.
    if (openDialog(find(el.dataset.dialog), el)) event.preventDefault();
  } else if ((el = on("dialog [data-close]"))) {
    event.preventDefault();
    el.closest("dialog").close();
  } else if (event.target.matches("dialog.dialog")) {
    // The dialog's box is its child; a hit on the element itself is outside.
    event.target.close();
  }
});

// ---- Requests of htmx ------------------------------------------------------

// What runs shows for how long: an operator must see that it does.
const clocks = new WeakMap();

function setClock(form, running) {
  const shown = find("[data-elapsed]", form);
  clearInterval(clocks.get(form));
  if (!shown) return;
  shown.hidden = !running;
  if (!running) return;
  const since = performance.now();
  const timer = setInterval(() => (shown.isConnected ? tick() : clearInterval(timer)), 100); // the form may be replaced
  const tick = () => { shown.textContent = `${((performance.now() - since) / 1000).toFixed(1)} s`; };
  tick();
  clocks.set(form, timer);
}

// Cancel asks the server to stop the run and leaves its answer to say what became
// of it: it may have ended before. When the server can't be told, the connection
// is dropped, which stops the run too, and what became of it isn't known here.
let cancelled = null;

async function cancelRun(form) {
  if (cancelled === form || form.getAttribute("aria-busy") !== "true") return;
  cancelled = form;
  announce("Cancelling…");
  const body = new URLSearchParams({ run: find("[data-run]", form)?.value ?? "" });
  for (let tries = 0; cancelled === form && tries < 10; tries++) {
    const response = await fetch(form.dataset.cancelUrl, { method: "POST", body }).catch(() => null);
    if (response?.ok) return;
    if (response?.status !== 404) break;
    await new Promise((resolve) => setTimeout(resolve, 200)); // it hasn't begun, or it has just ended
  }
  if (cancelled === form) abort(form);
}

// The earlier result must not stand there as if it were the answer.
function showLost(form) {
  const target = find(form.getAttribute("hx-target") ?? "");
  const notice = find("#console-lost");
  if (target && notice) target.replaceChildren(notice.content.cloneNode(true));
}

function setRunning(form, running) {
  form.setAttribute("aria-busy", String(running));
  setClock(form, running);
  for (const button of form.querySelectorAll("[data-cancel]")) {
    const focused = button === document.activeElement;
    button.hidden = !running;
    button.disabled = !running;
    // A button that vanishes takes the focus with it.
    // The submit button may still be disabled (hx-disable) until htmx is done.
    if (focused && !running) setTimeout(() => find("button[type=submit]", form)?.focus());
  }
}

const runningForm = (event) => event.detail?.ctx?.sourceElement?.closest?.("form[data-running]");

// A form that is on its way isn't sent twice, and its button shows that it is.
// What comes back with the Back key can be sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented) return;
  form.dataset.sent = "";
  event.submitter?.setAttribute("aria-busy", "true");
  announce("Working…");
  // A download leaves the page where it is.
  setTimeout(() => settle(form), form.action.endsWith("/download") ? 2000 : 60000);
});
function settle(form) {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(settle));

// A button of an htmx form that leads to another page sends the form plainly, with
// what was typed.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-plain]");
  if (!button) return;
  event.preventDefault();
  const form = document.createElement("form");
  form.method = "post";
  form.action = button.formAction;
  for (const [name, value] of new FormData(button.form, button)) {
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  form.hidden = true;
  document.body.append(form);
  form.requestSubmit();
});

// What was asked about isn't done; the statement stays in the editor.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-clear-result]");
  if (!button) return;
  if (button.form?.getAttribute("aria-busy") === "true") { // it was agreed to, and runs
    cancelRun(button.form);
    return;
  }
  find("#result").replaceChildren();
  announce("Nothing was run");
  (find(".cm-content") ?? find("#sql")).focus(); // the field is hidden behind its editor
});

// A page that answers a form has the address it can be read at.
document.addEventListener("DOMContentLoaded", () => {
  const address = find("[data-address]")?.dataset.address;
  if (address && location.pathname !== address) history.replaceState(history.state, "", address);
});

// A time of the server as this clock has it, and the end of what it bounds.
document.addEventListener("DOMContentLoaded", () => {
  const until = find("time[data-until]");
  if (!until) return;
  const end = new Date(until.dateTime);
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left <= 0) {
      until.textContent = "now: the time is up, and the console reads only";
      return;
    }
    until.textContent = `${end.toTimeString().slice(0, 5)}, ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
    setTimeout(tick, 1000);
  };
  tick();
});

// htmx would queue a second submit and send it when the first is done: a
// statement must not run twice because Mod+Enter was held down.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches('form[data-running][aria-busy="true"]')) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  const run = find("[data-run]", form); // what Cancel names
  if (run) run.value = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
}, true);

document.addEventListener("htmx:before:request", (event) => {
  const form = runningForm(event);
  if (!form) return;
  setRunning(form, true);
  announce("Running…");
});

document.addEventListener("htmx:finally:request", (event) => {
  const form = runningForm(event);
  if (!form) return;
  setRunning(form, false);
  // Results announce themselves, see htmx:after:settle.
  if (!event.detail.ctx.status.startsWith("error")) return;
  cancelled = null;
  showLost(form);
  announce("No answer came");
});

// No answer at all: the network failed or the time was up. Answers with an
// error status are swapped in like any other, so they need nothing here.
document.addEventListener("htmx:error", (event) => {
  const ctx = event.detail?.ctx;
  if (!ctx || ctx.response) return;
  const text = ctx.request?.signal?.reason === "timeout"
    ? "The server took too long to answer." : "The server can't be reached.";
  const box = find("#request-error");
  if (box) {
    (find("[data-text]", box) ?? box).textContent = text;
    box.hidden = false;
  }
  announce(text);
});

document.addEventListener("htmx:after:swap", (event) => {
  const box = find("#request-error");
  if (box) box.hidden = true;

  // A form in a dialog that was accepted and whose result went elsewhere.
  const { sourceElement, target, response } = event.detail?.ctx ?? {};
  const dialog = sourceElement?.closest?.("form[method=post]")?.closest("dialog[open]");
  if (dialog && response?.status < 400 && !dialog.contains(target)) dialog.close();
});

// New content takes the focus when it asks for it, so that it is read aloud.
// Somebody who is typing keeps the focus and only hears it.
document.addEventListener("htmx:after:settle", (event) => {
  const { newContent = [], task } = event.detail ?? {};
  const marked = "[data-autofocus-heading]";
  if (cancelled && newContent.some((node) => node.id === "result")) { // the focus is where Run is
    cancelled = null;
    announce(find("#result .notice")?.textContent.trim() || "It had ended before it could be cancelled");
    return;
  }
  const asked = find("#result [data-clear-result]"); // Cancel has the focus
  if (asked && newContent.some((node) => node.contains?.(asked))) {
    announce(find("#ask-run")?.textContent ?? "");
    asked.focus();
    return;
  }
  let heading = task?.target?.matches?.(marked) ? task.target : null;
  for (const node of newContent) {
    if (heading || node.nodeType !== Node.ELEMENT_NODE) continue;
    heading = node.matches(marked) ? node : find(marked, node);
  }
  if (!heading) return;
  if (isTyping(document.activeElement)) {
    announce((find("h1, h2, h3", heading) ?? heading).textContent.trim());
    return;
  }
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});

// A list that was filtered says how much is left of it.
document.addEventListener("htmx:after:settle", (event) => {
  if (event.detail?.task?.target?.id !== "fleet-list") return;
  announce(find("#fleet-list :is(.empty-state h2, .grid-foot span)")?.textContent ?? "");
});
