// A second Worker of the rig where the binding keeps its wire to itself, as
// since workerd 1.20261117.1: it has d1_binding_jsrpc, whose query() takes and
// returns what goes over that wire, and which also changes the texts of refusals
// elsewhere.
//
// POST /wire?db=N&format=F as worker.mjs has it, with the same answers.

function asRows({ meta, data: { columns, rows } }) {
  return { success: true, results: { columns, rows }, meta };
}

function asObjects({ meta, data: { columns, rows } }) {
  const results = rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
  return { success: true, results, meta };
}

export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const body = await request.json();
    const db = env[`DB${searchParams.get("db")}`];
    try {
      const { results } = await db.query({ queries: [body].flat() });
      const shape = searchParams.get("format") === "ROWS_AND_COLUMNS" ? asRows : asObjects;
      return Response.json(results.map(shape));
    } catch (e) {
      // What the engine says begins so. The rest, such as what only the commit
      // finds, is an exception on the older wire too.
      if (e.message.startsWith("D1_ERROR: ")) {
        return Response.json({ success: false, error: e.message.slice("D1_ERROR: ".length) });
      }
      return new Response(`Error: ${e.message}`, { status: 500 });
    }
  },
};
