// Dialogs, questions and toasts.

import { announce, find } from "./page.js";

const openers = new WeakMap();

// openDialog opens a dialog of the page; the focus returns to the opener.
export function openDialog(dialog, opener = document.activeElement) {
  if (!dialog?.showModal || dialog.open) return false;
  openers.set(dialog, opener);
  dialog.showModal();
  dialog.dispatchEvent(new Event("dialog:open", { bubbles: true }));
  return true;
}

// "close" doesn't bubble, hence the capture. The browser returns the focus by
// itself only while the element that had it is still there and visible.
document.addEventListener("close", (event) => {
  const opener = openers.get(event.target);
  if (!opener) return;
  openers.delete(event.target);
  const menu = opener.closest?.("details.menu");
  (menu && !menu.open ? find("summary", menu) : opener).focus?.();
}, true);

// htmx listens for this event on the element that sent the request.
export function abort(source) {
  if (source) window.htmx?.trigger(source, "htmx:abort");
}

// ask puts a question and returns whether it was agreed to. Cancel has the focus.
export function ask(question, verb, opener) {
  const dialog = find("#ask");
  if (!dialog) return Promise.resolve(true);
  find("[data-question]", dialog).textContent = question;
  const agree = find("[data-agree]", dialog);
  agree.textContent = verb;
  return new Promise((resolve) => {
    const yes = () => { agreed = true; dialog.close(); };
    let agreed = false;
    agree.addEventListener("click", yes, { once: true });
    dialog.addEventListener("close", () => {
      agree.removeEventListener("click", yes);
      resolve(agreed);
    }, { once: true });
    openDialog(dialog, opener);
  });
}

// A button that asks before its form is sent.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-confirm]");
  if (!button || button.dataset.agreed !== undefined) return;
  event.preventDefault();
  event.stopPropagation();
  if (!await ask(button.dataset.confirm, button.dataset.verb || button.textContent.trim() || "Yes", button)) return;
  button.dataset.agreed = "";
  button.form?.requestSubmit(button);
}, true);

// A toast of the page is read aloud, leaves the address, so that a reload doesn't
// say it again, and goes by itself unless somebody is on it.
export function showToasts() {
  for (const toast of document.querySelectorAll("[data-toast]:not([data-shown])")) {
    toast.dataset.shown = "";
    announce(find("span", toast).textContent);
    const go = () => {
      if (toast.matches(":hover, :focus-within")) setTimeout(go, 2000);
      else toast.remove();
    };
    setTimeout(go, 8000);
  }
  const url = new URL(location.href);
  if (url.searchParams.has("done")) {
    url.searchParams.delete("done");
    history.replaceState(history.state, "", url);
  }
}

// toast says something that was done without a new page.
export function toast(text) {
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.toast = "";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  find("#toasts")?.append(box);
  showToasts();
}
