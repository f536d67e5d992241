// Starts Cloudflare's runtime with a pool of D1 databases behind worker.mjs.
//
//   node rig.mjs sqlite-3.54 [--databases 64] [--persist DIR]
//
// The runtime is the one installed in the folder named first. The working
// directory is this file's: workerd takes no path of a script above it.
//
// Prints one line {"url": …, "databases": n} when it is ready and stops when its
// stdin closes, so it can't outlive the process that started it, however that
// one ends. Databases live in a temporary folder unless --persist names one.
//
// It listens on 127.0.0.1 only and reaches out to nothing: no cf.json, no
// telemetry, no dev registry, and a fetch by the Worker is refused.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
process.env.WRANGLER_SEND_METRICS = "false";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    databases: { type: "string", default: "64" },
    persist: { type: "string" },
  },
});
const databases = Number(values.databases);

const installed = createRequire(join(process.cwd(), positionals[0], "here.js"));
const miniflare = installed.resolve("miniflare");
const { engines } = JSON.parse(readFileSync(join(miniflare, "../../../package.json")));
const wanted = Number(engines.node.match(/\d+/)[0]);
if (parseInt(process.versions.node) < wanted) {
  console.error(`this runtime needs node ${wanted} or newer, and ${process.execPath} is ${process.version}`);
  process.exit(1);
}
const { convertV4MiniflareOptions, Log, LogLevel, Miniflare, Response } = (
  await import(pathToFileURL(miniflare))
).default;

const options = {
  host: "127.0.0.1",
  port: 0,
  cf: false,
  telemetry: { enabled: false },
  log: new Log(LogLevel.ERROR),
  logRequests: false,
};

function worker(script, more) {
  return {
    name: script,
    modules: true,
    scriptPath: fileURLToPath(new URL(script, import.meta.url)),
    compatibilityDate: "2026-04-01",
    outboundService: () => new Response("the rig has no network", { status: 403 }),
    d1Databases: Object.fromEntries(
      Array.from({ length: databases }, (_, i) => [`DB${i}`, `d1test-${i}`]),
    ),
    ...more,
  };
}

// Version 5 takes other options, and brings what makes them of these.
const mf = new Miniflare(
  convertV4MiniflareOptions
    ? convertV4MiniflareOptions({
        ...options,
        resourcePersistencePath: values.persist,
        workers: [
          worker("worker.mjs", { serviceBindings: { WIRE: "wire.mjs" } }),
          worker("wire.mjs", { compatibilityFlags: ["d1_binding_jsrpc"] }),
        ],
      })
    : { ...options, d1Persist: values.persist ?? false, ...worker("worker.mjs") },
);

// No process.exit when all is well: it would cut short the removal of the
// temporary folder, which goes on after dispose.
async function stop() {
  setTimeout(() => process.exit(1), 10_000).unref();
  await mf.dispose();
}
process.stdin.once("close", stop).on("error", () => {}).resume();

try {
  const url = await mf.ready;
  console.log(JSON.stringify({ url: url.href, databases }));
} catch (e) {
  console.error(e);
  process.exit(1);
}
