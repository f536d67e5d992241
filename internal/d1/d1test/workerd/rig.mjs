// Starts Cloudflare's runtime with a pool of D1 databases behind worker.mjs.
//
//   node rig.mjs [--databases 64] [--persist DIR]
//
// Prints one line {"url": …, "databases": n} when it is ready and stops when its
// stdin closes, so it can't outlive the process that started it, however that
// one ends. Databases live in a temporary folder unless --persist names one.
//
// It listens on 127.0.0.1 only and reaches out to nothing: no cf.json, no
// telemetry, no dev registry, and a fetch by the Worker is refused.
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
process.env.WRANGLER_SEND_METRICS = "false";
const { Log, LogLevel, Miniflare, Response } = await import("miniflare");

const { values } = parseArgs({
  options: {
    databases: { type: "string", default: "64" },
    persist: { type: "string" },
  },
});
const databases = Number(values.databases);

const mf = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  telemetry: { enabled: false },
  log: new Log(LogLevel.ERROR),
  logRequests: false,
  modules: true,
  scriptPath: fileURLToPath(new URL("worker.mjs", import.meta.url)),
  compatibilityDate: "2026-04-01",
  outboundService: () => new Response("the rig has no network", { status: 403 }),
  d1Databases: Object.fromEntries(
    Array.from({ length: databases }, (_, i) => [`DB${i}`, `d1test-${i}`]),
  ),
  d1Persist: values.persist ?? false,
});

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
