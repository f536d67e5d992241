// The Worker of the rig: what the D1 binding answers, over HTTP.
//
// POST /query, /raw, /batch or /exec with {db, sql, params} or, for a batch,
// {db, batch: [{sql, params}, …]}. The answer is {"ok": …} with exactly what the
// binding returned, or {"error": message} with the message it threw, both with
// status 200. Any other status is a fault of the rig or of its caller.

/** JSON has no BLOB: {"$blob": base64} stands for one, everything else for itself. */
function param(p) {
  const b64 = p?.$blob;
  return typeof b64 === "string" ? Uint8Array.from(atob(b64), (c) => c.charCodeAt(0)).buffer : p;
}

function prepare(db, { sql, params }) {
  const statement = db.prepare(sql);
  return params?.length ? statement.bind(...params.map(param)) : statement;
}

const operations = new Map([
  ["/query", (db, body) => prepare(db, body).all()],
  ["/raw", (db, body) => prepare(db, body).raw({ columnNames: true })],
  ["/batch", (db, body) => db.batch(body.batch.map((s) => prepare(db, s)))],
  ["/exec", (db, body) => db.exec(body.sql)],
]);

/** What the binding itself posts to D1, and what D1 answers, untouched: the wire
 *  that the REST API's /query (ARRAY_OF_OBJECTS) and /raw (ROWS_AND_COLUMNS) share
 *  with the binding. A newer binding hides it; there wire.mjs answers. */
function wire(env, db, url, request) {
  if (!db.fetcher) {
    return env.WIRE.fetch(request);
  }
  const format = url.searchParams.get("format");
  return db.fetcher.fetch(`http://d1/query?resultsFormat=${format}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: request.body,
  });
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/wire" && request.method === "POST") {
      const db = env[`DB${url.searchParams.get("db")}`];
      return db ? wire(env, db, url, request) : new Response("no such database", { status: 404 });
    }
    const operation = operations.get(url.pathname);
    if (!operation || request.method !== "POST") {
      return new Response("no such operation", { status: 404 });
    }
    const body = await request.json();
    const db = env[`DB${body.db}`];
    if (!db) {
      return new Response(`no database ${body.db}`, { status: 404 });
    }
    try {
      return Response.json({ ok: await operation(db, body) });
    } catch (e) {
      return Response.json({ error: String(e?.message ?? e) });
    }
  },
};
