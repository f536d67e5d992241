// Builds web/static/dist from this folder: `npm ci && npm run build`.
//
// The result is committed, so that building, testing and running the Go
// program needs no node. It depends on nothing but the sources and the pinned
// packages (no clock, no paths, sorted input): a check builds again and
// compares. File names carry the first ten hex digits of the content's
// SHA-256, which lets the server answer with an unlimited cache lifetime.

import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const cache = join(modules, ".cache", "kuratchi");
const dist = join(here, "..", "static", "dist");
const read = (...path) => readFileSync(join(...path), "utf8");

// Browsers that have what htmx 4 and the style sheet need.
const target = ["chrome123", "firefox128", "safari17.5"];

// Basecoat keeps the look of all its components in one file per style. Only
// the sections named here are taken from it; app.css imports the result.
const sections = [
  "Button", "Textarea", "Input", "Native Select", "Dialog", "Checkbox",
  "Radio", "Switch", "Field", "Kbd", "Label",
];

function basecoatStyle() {
  const parts = read(modules, "basecoat-css/dist/styles/nova.css").split(/^ *\/\* ([A-Z][A-Za-z ]+) \*\/$/m);
  const found = new Map();
  for (let i = 1; i < parts.length; i += 2) found.set(parts[i], parts[i + 1]);
  const body = sections.map((name) => {
    if (!found.has(name)) throw new Error(`basecoat-css has no section "${name}"`);
    return found.get(name);
  });
  return `@layer components {\n${body.join("\n")}\n}\n`;
}

function css() {
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "basecoat.css"), basecoatStyle());
  const out = join(cache, "app.css");
  execFileSync(process.execPath, [
    join(modules, "@tailwindcss/cli/dist/index.mjs"),
    "--input", join(here, "app.css"), "--output", out, "--minify",
  ], { cwd: here, stdio: ["ignore", "ignore", "inherit"] });
  return readFileSync(out, "utf8");
}

const bundled = new Set(["tailwindcss", "basecoat-css", "htmx.org", "lucide-static"]);

async function bundle(entry) {
  const result = await esbuild.build({
    entryPoints: [join(here, entry)], absWorkingDir: here, bundle: true, write: false,
    minify: true, format: "iife", target, legalComments: "none", charset: "utf8", metafile: true,
  });
  for (const input of Object.keys(result.metafile.inputs)) {
    const name = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];
    if (name) bundled.add(name);
  }
  return result.outputFiles[0].text;
}

// htmx first, because its extension registers itself on the global it
// defines. The minified files are joined as they are published. The comment
// that names a source map is dropped: the map isn't served.
async function script() {
  const vendored = ["htmx.min.js", "ext/hx-csp.min.js"].map((file) =>
    read(modules, "htmx.org/dist", file).replace(/^\/\/# sourceMappingURL=.*$/m, "").trim());
  return [...vendored, (await bundle("app.js")).trim()].join(";\n") + "\n";
}

function icons() {
  const names = read(here, "icons.txt").split("\n").map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"));
  const symbols = [...new Set(names)].sort().map((name) => {
    const svg = read(modules, "lucide-static/icons", `${name}.svg`);
    const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"))
      .replace(/\s*\n\s*/g, "").replace(/\s+\/>/g, "/>");
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" ` +
      `stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

// The licences of every package that ended up in a file; called last.
function licenses() {
  return [...bundled].sort().map((name) => {
    const file = readdirSync(join(modules, name)).filter((f) => /^licen[cs]e/i.test(f)).sort()[0];
    const { version, license } = JSON.parse(read(modules, name, "package.json"));
    const text = file ? read(modules, name, file).trim() : `Licence: ${license}`;
    return `== ${name} ${version}\n\n${text}\n`;
  }).join("\n");
}

const files = {
  "app.css": css(),
  "app.js": await script(),
  "editor.js": await bundle("editor.js"),
  "icons.svg": icons(),
  "favicon.svg": read(here, "favicon.svg"),
  "licenses.txt": licenses(),
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const manifest = {};
for (const [name, text] of Object.entries(files)) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  manifest[name] = name.replace(/(\.[^.]+)$/, `-${hash}$1`);
  writeFileSync(join(dist, manifest[name]), text);
}
writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
