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

export default {
  async fetch(request, env) {
    const operation = operations.get(new URL(request.url).pathname);
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
