package handlers_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/fault"
)

// faultedOperation is an operation of the browser whose work is Cloudflare's.
type faultedOperation struct {
	name string
	// action is its own in the audit log, "" for one that isn't noted.
	action string
	// prepare makes what it needs, and nothing fails meanwhile.
	prepare func(w *faultWalk, db string) attempt
	// again says that the same can be sent once more, whatever it left.
	again bool
}

// pointsOf are a database's restore points in the control plane.
const pointsOf = " from restore_points where database_id = (select id from databases where name = ?1)"

var faultedOperations = []faultedOperation{
	{"provision", "database.provision", func(w *faultWalk, db string) attempt {
		return attempt{path: "/databases", form: provisionForm(db), says: saysOfProvision, became: func() string {
			if w.stateOf(db) != "ready" {
				known := w.control1("select provider_id is not null from databases where name = ?1", db) == "1"
				return w.either(false, w.onD1(db) && !known) // what its first step made is told by its page
			}
			return w.either(w.count1(db, "select count(*) from sqlite_schema where name = 'items'") == 1, true)
		}}
	}, false},
	{"undo", "database.provision_undo", func(w *faultWalk, db string) attempt {
		w.b.post("/databases", provisionForm(db)).is(http.StatusSeeOther)
		w.ready(db)
		w.exec(w.control, "update databases set state = 'failed', error = 'It stopped.' where name = ?1", d1.Str(db))
		return attempt{path: "/databases/" + db + "/undo", says: always(saysDone), became: func() string {
			there, wished := w.onD1(db), w.stateOf(db) != ""
			return w.either(!there && !wished, there != wished)
		}}
	}, false},
	{"keep a restore point", "point.keep", func(w *faultWalk, db string) attempt {
		w.made(db)
		return attempt{path: "/databases/" + db + "/points", became: func() string {
			return w.either(w.control1("select count(*)"+pointsOf, db) == "1", false)
		}}
	}, false},
	{"restore to a point", "point.restore", func(w *faultWalk, db string) attempt {
		w.made(db)
		w.post("/databases/"+db+"/points", nil)
		w.write(db, "delete from items")
		point := w.control1("select id"+pointsOf, db)
		return attempt{path: "/databases/" + db + "/points/restore", form: url.Values{"point": {point}, "confirm": {db}},
			became: func() string { return w.either(w.count1(db, "select count(*) from items") == 2, false) }}
	}, false},
	{"restore to a moment", "point.restore", func(w *faultWalk, db string) attempt {
		w.made(db)
		moment := w.clock.now().UTC().Format("2006-01-02T15:04:05") // before everything: it was empty
		return attempt{path: "/databases/" + db + "/points/restore", form: url.Values{"at": {moment}, "confirm": {db}},
			became: func() string {
				return w.either(w.count1(db, "select count(*) from sqlite_schema where name = 'items'") == 0, false)
			}}
	}, false},
	{"delete", "database.delete", func(w *faultWalk, db string) attempt {
		w.made(db)
		return attempt{path: "/databases/" + db + "/delete", form: url.Values{"confirm": {db}}, says: always(saysDone), became: func() string {
			there, state := w.onD1(db), w.stateOf(db)
			return w.either(!there && state == "deleted", !there || state == "deleted")
		}}
	}, false},
	{"revive", "database.revive", func(w *faultWalk, db string) attempt {
		w.made(db)
		w.post("/databases/"+db+"/delete", url.Values{"confirm": {db}})
		return attempt{path: "/databases/" + db + "/revive", became: func() string {
			there, state := w.onD1(db), w.stateOf(db)
			if there && state == "deleted" {
				return left
			}
			return w.either(there && state == "ready" && w.count1(db, "select count(*) from items") == 2, there || state == "ready")
		}}
	}, true},
	{"move from D1", "database.move", func(w *faultWalk, db string) attempt {
		w.made(db)
		return w.move(db, "embedded")
	}, false},
	{"move to D1", "database.move", func(w *faultWalk, db string) attempt {
		w.made(db)
		w.post("/databases/"+db+"/move", url.Values{"place": {"embedded"}, "confirm": {db}})
		w.post("/databases/"+db+"/let-go", url.Values{"confirm": {db}})
		return w.move(db, "d1")
	}, false},
	{"let go", "database.let_go", func(w *faultWalk, db string) attempt {
		w.made(db)
		w.post("/databases/"+db+"/move", url.Values{"place": {"embedded"}, "confirm": {db}})
		return attempt{path: "/databases/" + db + "/let-go", form: url.Values{"confirm": {db}}, became: func() string {
			there, kept := w.onD1(db), w.control1("select coalesce(left_id, '') from databases where name = ?1", db) != ""
			return w.either(!there && !kept, there != kept)
		}}
	}, false},
	{"switch replication", "database.replication", func(w *faultWalk, db string) attempt {
		w.made(db)
		return attempt{path: "/databases/" + db + "/replication", form: url.Values{"mode": {"auto"}}, became: func() string {
			info, err := w.steady.Find(w.t.Context(), db)
			must(w.t, err)
			info, err = w.steady.Get(w.t.Context(), info.ID)
			must(w.t, err)
			return w.either(info.Replication == "auto", false)
		}}
	}, false},
	{"import", "database.import", func(w *faultWalk, db string) attempt {
		w.b.post("/databases", merge(provisionForm(db), url.Values{"schema": {""}})).is(http.StatusSeeOther)
		w.ready(db)
		return attempt{path: "/databases/" + db + "/import", file: w.file(), became: func() string {
			tables := w.count1(db, "select count(*) from sqlite_schema where name in ('items', 'sales')")
			return w.either(tables == 2 && w.count1(db, "select count(*) from items") == 2, tables > 0)
		}}
	}, false},
	{"export", "", func(w *faultWalk, db string) attempt {
		w.made(db)
		path := "/databases/" + db + "/download"
		return attempt{path: path, became: func() string {
			return w.either(!w.fleet.Keep.Copies.ReadyExport(w.databaseNamed(db).ID).At.IsZero(), false)
		}}
	}, false},
	{"apply a plan", "plan.apply", func(w *faultWalk, db string) attempt {
		w.made(db)
		return w.plan(db)
	}, false},
	{"read again what became of a plan", "fleet.check", func(w *faultWalk, db string) attempt {
		w.made(db)
		a := w.plan(db)
		w.net.Next("") // its restore point is kept, and then there is no answer
		w.net.Always(front.ResetAfter)
		w.remote.Store(w.place(w.net.URL))
		w.b.post(a.path, a.form).is(http.StatusSeeOther)
		w.rests(db)
		w.net.Always("")
		w.remote.Store(w.steady)
		return attempt{path: "/databases/" + db + "/settle", became: func() string {
			return w.either(w.control1("select state from plans where database_name = ?1", db) == "applied", false)
		}}
	}, false},
	{"write in the console", "database.write", func(w *faultWalk, db string) attempt {
		w.made(db)
		w.b.post("/databases/"+db+"/sql/writes", url.Values{"writes": {"on"}}).is(http.StatusOK)
		return attempt{path: "/databases/" + db + "/sql", form: url.Values{"sql": {"update items set name = 'z' where id = 1"}}, part: true,
			became: func() string {
				return w.either(w.count1(db, "select count(*) from items where name = 'z'") == 1, false)
			},
			says: func(page string) string {
				switch {
				case strings.Contains(page, "1 row"):
					return saysDone
				case strings.Contains(page, "isn't known") || strings.Contains(page, "not known"):
					return saysUnknown
				}
				return saysFailed
			}}
	}, false},
	{"check", "fleet.check", func(w *faultWalk, db string) attempt {
		w.made(db)
		w.exec(w.control, "update databases set checked_at = null where name = ?1", d1.Str(db))
		return attempt{path: "/databases/" + db + "/check", became: func() string {
			return w.either(w.control1("select coalesce(checked_at, '') from databases where name = ?1", db) != "", false)
		}}
	}, false},
	{"adopt", "database.adopt", func(w *faultWalk, db string) attempt {
		id := w.cloud.Add(db)
		return attempt{path: "/databases/adopt", form: url.Values{"id": {id}, "org": {"acme"}},
			became: func() string { return w.either(w.stateOf(db) == "ready", false) },
			says: func(page string) string {
				if strings.Contains(page, "1 database adopted") {
					return saysDone
				}
				return saysFailed
			}}
	}, false},
}

func always(says string) func(string) string { return func(string) string { return says } }

func saysOfProvision(page string) string {
	switch {
	case strings.Contains(page, "Try again") || strings.Contains(page, "Resume"):
		if strings.Contains(page, "isn't known") {
			return saysUnknown
		}
		return saysFailed
	}
	return saysDone
}

// either is what became of an operation: all of it, a part, or nothing.
func (w *faultWalk) either(whole, some bool) string {
	switch {
	case whole:
		return effect
	case some:
		return part
	}
	return noEffect
}

// made provisions a database of the schema shop, with two items.
func (w *faultWalk) made(db string) {
	w.t.Helper()
	w.b.post("/databases", provisionForm(db)).is(http.StatusSeeOther)
	w.ready(db)
	w.write(db, "insert into items (id, name) values (1, 'a'), (2, 'b')")
}

// post does something that doesn't fail.
func (w *faultWalk) post(path string, form url.Values) {
	w.t.Helper()
	w.b.post(path, form).is(http.StatusSeeOther)
	w.rests(strings.Split(path, "/")[2])
}

// stateOf is a database's in the control plane, "" for none.
func (w *faultWalk) stateOf(db string) string {
	w.t.Helper()
	return w.control1("select coalesce((select case when final_point is not null then 'deleted' "+
		"when deleted_at is not null then 'deleting' else state end from databases where name = ?1), '')", db)
}

// control1 is one value of the control plane.
func (w *faultWalk) control1(sql, db string) string {
	w.t.Helper()
	r, err := w.control.Query(w.t.Context(), d1.Query("select cast(("+sql+") as text)", d1.Str(db)))
	must(w.t, err)
	return r.Rows[0][0].Text()
}

// onD1 reports whether the account has a database of that name.
func (w *faultWalk) onD1(db string) bool {
	w.t.Helper()
	_, err := w.steady.Find(w.t.Context(), db)
	if err != nil && !fault.Is(err, fault.NotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

// direct is the account's database.
func (w *faultWalk) direct(db string) d1.Conn {
	w.t.Helper()
	info, err := w.steady.Find(w.t.Context(), db)
	must(w.t, err)
	conn, err := w.steady.Open(w.t.Context(), info.ID)
	must(w.t, err)
	return conn
}

func (w *faultWalk) write(db, sql string) {
	w.t.Helper()
	w.exec(w.direct(db), sql)
}

// count1 is one number of the account's database.
func (w *faultWalk) count1(db, sql string) int64 {
	w.t.Helper()
	r, err := w.direct(db).Query(w.t.Context(), d1.Query(sql))
	must(w.t, err)
	return r.Rows[0][0].Int()
}

func (w *faultWalk) move(db, place string) attempt {
	return attempt{path: "/databases/" + db + "/move", form: url.Values{"place": {place}, "confirm": {db}}, became: func() string {
		at := w.control1("select provider from databases where name = ?1", db)
		if at != place && place == "d1" && w.onD1(db) {
			return left
		}
		return w.either(at == place, false)
	}}
}

// plan is an approved plan to the next version of the schema shop.
func (w *faultWalk) plan(db string) attempt {
	w.t.Helper()
	if w.control1("select count(*) from schema_versions where version > ?1", "1") == "0" {
		w.b.post("/schemas/shop/versions", url.Values{"source": {shop(2)}, "do": {"save"}}).is(http.StatusSeeOther)
	}
	path := w.b.post("/databases/"+db+"/plans", url.Values{"schema": {"shop"}, "version": {"2"}}).is(http.StatusSeeOther).location()
	hash := url.Values{"hash": {w.control1("select hash from plans where database_name = ?1", db)}, "confirm": {db}}
	w.b.post(path+"/approve", hash).is(http.StatusSeeOther)
	return attempt{path: path + "/apply", form: hash, says: func(page string) string {
		switch {
		case strings.Contains(page, "Failed, and rolled back") || strings.Contains(page, "approved as before"):
			return saysFailed
		case strings.Contains(page, "The answer was lost"):
			return saysUnknown
		}
		return saysDone
	}, became: func() string {
		return w.either(w.count1(db, "select count(*) from pragma_table_info('items') where name = 'note'") == 1, false)
	}}
}

// file is an SQLite file to import.
func (w *faultWalk) file() []byte {
	w.t.Helper()
	if w.source != nil {
		return w.source
	}
	const db = "source"
	w.made(db)
	info, err := w.steady.Find(w.t.Context(), db)
	must(w.t, err)
	f, err := w.steady.Copy(w.t.Context(), info.ID, "")
	must(w.t, err)
	defer func() { _ = f.Close() }()
	w.source, err = os.ReadFile(f.Name())
	must(w.t, err)
	return w.source
}
