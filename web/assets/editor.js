// The SQL editor of the console. It upgrades every <textarea data-editor="sql">
// and keeps that textarea as the form's field: without this file, or before it
// has loaded, the textarea is the editor.
//
//   data-tables   JSON {"users": ["id", "email"], …}, completed after FROM etc.
//
// Mod+Enter submits the form. Tab indents, so Escape and then Tab leaves the
// editor; Ctrl+M (Shift+Alt+M on a Mac) makes Tab move the focus for good.

import { EditorState, Prec } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers, placeholder,
} from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import {
  autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completeFromList, completionKeymap, ifNotIn,
} from "@codemirror/autocomplete";
import { SQLite, schemaCompletionSource } from "@codemirror/lang-sql";
import { tags } from "@lezer/highlight";

// Colours are variables of app.css, so light and dark need no second theme.
const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--sql-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--sql-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--sql-number)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--muted-foreground)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--sql-type)" },
]);

const theme = EditorView.theme({
  "&": { color: "var(--foreground)", backgroundColor: "transparent", fontSize: "12.5px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "19px" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--foreground)" },
  ".cm-cursor": { borderLeftColor: "var(--foreground)" },
  // A long line scrolls behind the numbers.
  ".cm-gutters": { color: "var(--muted-foreground)", backgroundColor: "var(--background)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 10px 0 14px", minWidth: "20px" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--row-hover)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--selection)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selection)" },
  ".cm-placeholder": { color: "var(--muted-foreground)" },
  ".cm-tooltip": {
    color: "var(--popover-foreground)", backgroundColor: "var(--popover)",
    border: "1px solid var(--border)", borderRadius: "8px", overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", fontSize: "12px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    color: "var(--accent-foreground)", backgroundColor: "var(--accent)",
  },
});

// The words people type into a console that reads. The language's own list is
// standard SQL's, most of which SQLite doesn't know.
const words = `select from where group by having order limit offset distinct as join left inner cross on using
  union all intersect except with recursive values case when then else end and or not in is null like glob between
  exists asc desc collate cast explain query plan pragma count sum avg min max total group_concat coalesce ifnull
  iif nullif length lower upper substr instr replace trim round abs typeof hex quote printf date time datetime
  julianday strftime unixepoch json_extract json_each json_array_length row_number over partition`.split(/\s+/);

const keywords = ifNotIn(
  ["QuotedIdentifier", "String", "LineComment", "BlockComment", "."],
  completeFromList(words.map((label) => ({ label, type: "keyword", boost: -1 }))),
);

function tablesOf(textarea) {
  let tables = {};
  try {
    tables = JSON.parse(textarea.dataset.tables || "{}");
  } catch { /* no completion of names then */ }
  return { sqlite_master: ["type", "name", "tbl_name", "rootpage", "sql"], ...tables };
}

function labelOf(textarea) {
  const label = textarea.labels?.[0];
  return textarea.getAttribute("aria-label") || label?.textContent.trim() || "SQL";
}

// Where the browser itself edits over a selection it keeps the look of the old
// text by a style attribute, which the policy forbids. So the edit is made here.
const overSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const inserts = event.inputType === "insertText";
    if (empty || view.composing || !(inserts || event.inputType.startsWith("delete"))) return false;
    const text = inserts ? event.data ?? "" : "";
    const transaction = () => view.state.update(view.state.replaceSelection(text), {
      userEvent: inserts ? "input.type" : "delete.selection", scrollIntoView: true,
    });
    // Brackets and quotes typed over a selection go around it.
    const taken = inserts && view.state.facet(EditorView.inputHandler).some((h) => h(view, from, to, text, transaction));
    if (!taken) view.dispatch(transaction());
    event.preventDefault();
    return true;
  },
});

function upgrade(textarea) {
  if (textarea.dataset.editorReady) return;
  textarea.dataset.editorReady = "true";

  const attributes = { "aria-label": labelOf(textarea), spellcheck: "false", tabindex: "0" };
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (textarea.hasAttribute(name)) attributes[name] = textarea.getAttribute(name);
  }
  // The scripts of a page carry the nonce of its policy, and the property stays
  // readable while the attribute is hidden from the page.
  const nonce = document.querySelector("script[nonce]")?.nonce
    || document.querySelector('meta[name="csp-nonce"]')?.content;

  const submit = (editor) => {
    closeCompletion(editor); // it would open over the result
    textarea.form?.requestSubmit();
    return true;
  };
  // Set while a value travels from one side to the other, so that it doesn't
  // come back.
  let syncing = false;

  const view = new EditorView({
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        nonce ? EditorView.cspNonce.of(nonce) : [],
        Prec.highest(keymap.of([{ key: "Mod-Enter", run: submit }])),
        overSelection, lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(),
        highlightActiveLine(), // Enter is a new line; a proposal is taken after an arrow key.
        autocompletion({ icons: false, selectOnOpen: false }),
        keymap.of([
          ...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab,
        ]),
        SQLite.extension,
        SQLite.language.data.of({ autocomplete: schemaCompletionSource({ dialect: SQLite, schema: tablesOf(textarea) }) }),
        SQLite.language.data.of({ autocomplete: keywords }),
        syntaxHighlighting(highlight), theme,
        textarea.placeholder ? placeholder(textarea.placeholder) : [],
        EditorView.editorAttributes.of({ class: "editor" }),
        EditorView.contentAttributes.of(attributes),
        EditorState.readOnly.of(textarea.readOnly || textarea.disabled),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged || syncing) return;
          syncing = true;
          textarea.value = update.state.doc.toString();
          textarea.dispatchEvent(new Event("input", { bubbles: true }));
          syncing = false;
        }),
      ],
    }),
  });

  const replace = () => {
    if (syncing || view.state.doc.toString() === textarea.value) return;
    syncing = true;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: textarea.value } });
    syncing = false;
  };
  textarea.addEventListener("input", replace);
  textarea.addEventListener("change", replace);
  // The fields get their first values back after the event.
  textarea.form?.addEventListener("reset", () => setTimeout(replace));

  textarea.hidden = true;
  // A hidden required field would stop the form without a word.
  textarea.required = false;
  textarea.after(view.dom);
  for (const label of textarea.labels ?? []) label.addEventListener("click", () => view.focus());
  if (textarea.autofocus || document.activeElement === textarea) view.focus();
}

function upgradeAll(within) {
  if (within.matches?.('textarea[data-editor="sql"]')) upgrade(within);
  within.querySelectorAll?.('textarea[data-editor="sql"]').forEach(upgrade);
}

upgradeAll(document);
document.addEventListener("htmx:after:process", (event) => upgradeAll(event.target));
