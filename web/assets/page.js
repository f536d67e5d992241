// What every part of the script needs of the page.

export const root = document.documentElement;
export const find = (selector, within = document) => within.querySelector(selector);
export const isTyping = (el) => !!el?.closest?.("input, textarea, select") || !!el?.isContentEditable;
export const isMac = /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform);

// A region that already holds the same text would stay silent, so it is
// emptied first and filled in the next task. While a dialog is open, only what is
// in it is read.
export function announce(text) {
  const live = find("dialog[open] [role=status]") ?? find("#live");
  if (!live) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

// A box that stands for all of a form's boxes of one name.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  const all = form && find("[data-choose-all]", form);
  if (!all) return;
  const boxes = [...form.querySelectorAll(`input[type=checkbox][name="${all.dataset.chooseAll}"]`)];
  if (event.target === all) for (const box of boxes) box.checked = all.checked;
  const n = boxes.filter((box) => box.checked).length;
  all.checked = n > 0 && n === boxes.length;
  all.indeterminate = n > 0 && n < boxes.length;
});
