package orm_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/schema"
)

const source = `{"name":"x","version":1,"tables":{
  "users":{"id":"integer primary key","email":"text not null","role":"text",
		"meta":"json","ok":"boolean default true","seen":"timestamp_ms","at":"text default now","score":"real","bin":"blob"},
  "we\"ird":{"sel ect":"text","drop;--":"integer","k":"text","\u212a":"text"}}}`

func newDB(t testing.TB) (*orm.DB, d1.Conn) {
	t.Helper()
	s, err := schema.Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, _ := e.Create(t.Context(), d1.CreateInput{Name: "x"})
	c, _ := e.Open(t.Context(), info.ID)
	for _, sql := range s.DDL() {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	return orm.New(c, s), c
}

func TestRoundTrip(t *testing.T) {
	db, _ := newDB(t)
	seen := time.Date(2026, 11, 23, 2, 0, 0, 5e6, time.UTC)
	err := db.Table("users").Insert(t.Context(), orm.Values{
		"id": int64(math.MaxInt64), "email": "a' OR 1=1 --", "meta": map[string]int{"a": 1}, "ok": false, "seen": seen, "score": 1.5,
		"bin": []byte{0, 255},
	})
	if err != nil {
		t.Fatal(err)
	}
	row, err := db.Table("USERS").Where(orm.Eq("Email", "a' OR 1=1 --")).First(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var meta map[string]int
	if err := row.JSON("meta", &meta); err != nil || meta["a"] != 1 {
		t.Errorf("meta %v %v", meta, err)
	}
	if row.Int("id") != math.MaxInt64 || row.Bool("ok") || !row.Time("seen").Equal(seen) || row.Value("score") != d1.Float(1.5) ||
		row.Text("bin") != "\x00\xff" || !row.Value("role").IsNull() {
		t.Errorf("row %+v", row)
	}
	if at := row.Time("at"); time.Since(at) > time.Hour || at.IsZero() {
		t.Errorf("the default time is %v", at)
	}
	weird := db.Table("we\"ird")
	// K and the Kelvin sign are the same letter to Unicode and two names to SQLite.
	if err := weird.Insert(t.Context(), orm.Values{"sel ect": "x", "drop;--": 1, "K": "letter", "\u212a": "sign"}); err != nil {
		t.Error(err)
	}
	if row, err := weird.First(t.Context()); err != nil || row.Text("k") != "letter" || row.Text("\u212a") != "sign" {
		t.Errorf("%+v %v", row, err)
	}
}

// BenchmarkCompile compiles what most pages send: a row by its key, and a change
// of one.
func BenchmarkCompile(b *testing.B) {
	db, _ := newDB(b)
	values := orm.Values{"email": "a@example.com", "role": "owner", "ok": true, "score": 1.5, "at": nil}
	for b.Loop() {
		u := db.Table("users").Where(orm.Eq("email", "a@example.com"), orm.Eq("role", nil))
		if _, err := u.Limit(1).SelectStmt(); err != nil {
			b.Fatal(err)
		}
		if _, err := u.UpdateStmt(values); err != nil {
			b.Fatal(err)
		}
	}
}

func TestConditions(t *testing.T) {
	db, _ := newDB(t)
	for i, role := range []any{"owner", "editor", nil, "100%_sure"} {
		if err := db.Table("users").Insert(t.Context(), orm.Values{"id": i + 1, "email": string(rune('a'+i)) + "@x", "role": role}); err != nil {
			t.Fatal(err)
		}
	}
	u := db.Table("users")
	if _, err := u.Where(orm.Eq("id", 4)).Update(t.Context(), orm.Values{"email": "Ä@x"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cond orm.Cond
		want int64
	}{
		"eq":              {orm.Eq("role", "owner"), 1},
		"eq null":         {orm.Eq("role", nil), 1},
		"ne null":         {orm.Ne("role", nil), 3},
		"eq takes % as %": {orm.Eq("role", "100%_sure"), 1},
		"like":            {orm.Like("role", "%o%"), 2},
		"contains":        {orm.Contains("role", "%_S"), 1},
		"eq fold":         {orm.EqFold("role", "OWNER"), 1},
		"other letters":   {orm.And(orm.EqFold("email", "Ä@x"), orm.Contains("email", "Ä@X")), 1},
		"in":              {orm.In("id", 1, 2, 9), 2},
		"in none":         {orm.In("id"), 0},
		"not in none":     {orm.NotIn("id"), 4},
		"or of none":      {orm.Or(), 0},
		"and of none":     {orm.And(), 4},
		"or in and":       {orm.And(orm.Or(orm.Eq("id", 1), orm.Eq("id", 2)), orm.Gt("id", 1)), 1},
		"not":             {orm.Not(orm.Gte("id", 2)), 1},
		"range":           {orm.And(orm.Gt("id", 1), orm.Lt("id", 4), orm.Lte("id", 3)), 2},
	} {
		if n, err := u.Where(c.cond).Count(t.Context()); err != nil || n != c.want {
			t.Errorf("%s: %d %v, want %d", name, n, err, c.want)
		}
	}
	rows, err := u.Select("id").OrderBy("-role", "id").Limit(2).Offset(1).Many(t.Context())
	if err != nil || len(rows) != 2 || rows[0].Int("id") != 2 {
		t.Errorf("%v %v", rows, err)
	}
	if rows, err := u.OrderBy("id").Offset(3).Many(t.Context()); err != nil || len(rows) != 1 {
		t.Errorf("an offset alone: %v %v", rows, err)
	}
	one := u.Where(orm.Gt("id", 0)) // a query is a value: refining it twice keeps both apart
	a, b := one.Where(orm.Eq("id", 1)), one.Where(orm.Eq("id", 2))
	if x, _ := a.First(t.Context()); x.Int("id") != 1 {
		t.Error("the second refinement changed the first")
	}
	if x, _ := b.First(t.Context()); x.Int("id") != 2 {
		t.Error("b")
	}
	if n, err := a.Update(t.Context(), orm.Values{"role": "x"}); err != nil || n != 1 {
		t.Errorf("update: %d %v", n, err)
	}
	if n, err := b.Delete(t.Context()); err != nil || n != 1 {
		t.Errorf("delete: %d %v", n, err)
	}
	if _, err := b.First(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("first of none: %v", err)
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	db, _ := newDB(t)
	u := db.Table("users")
	many := make([]any, 101)
	for i := range many {
		many[i] = 0.5 // JSON doesn't keep every REAL
	}
	for name, err := range map[string]error{
		"table":      second(db.Table("nope").Count(t.Context())),
		"column":     second(u.Where(orm.Eq("nope", 1)).Count(t.Context())),
		"order":      second(u.OrderBy("id desc").Many(t.Context())),
		"select":     second(u.Select("*").Many(t.Context())),
		"update all": second(u.Update(t.Context(), orm.Values{"role": "x"})),
		"delete all": second(u.Delete(t.Context())),
		"update lim": second(u.Where(orm.Eq("id", 1)).Limit(1).Update(t.Context(), orm.Values{"role": "x"})),
		"no values":  u.Insert(t.Context(), nil),
		"parameters": second(u.Where(orm.In("score", many...)).Count(t.Context())),
		"pattern":    second(u.Where(orm.Like("role", strings.Repeat("x", 51))).Count(t.Context())),
		"negative":   second(u.Limit(-1).Many(t.Context())),
		"type":       u.Insert(t.Context(), orm.Values{"email": struct{}{}}),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestValuesAreNeverSQL: whatever a value or a name holds, it is stored and
// found as itself.
func TestValuesAreNeverSQL(t *testing.T) {
	db, _ := newDB(t)
	id := 0
	rapid.Check(t, func(rt *rapid.T) {
		id++
		s := rapid.String().Draw(rt, "text")
		if err := db.Table("users").Insert(t.Context(), orm.Values{"id": id, "email": s}); err != nil {
			rt.Fatal(err)
		}
		row, err := db.Table("users").Where(orm.Eq("email", s), orm.Eq("id", id)).First(t.Context())
		if err != nil || row.Text("email") != s {
			rt.Fatalf("%q: %v", s, err)
		}
		if _, err := db.Table("users").Where(orm.Eq(s, 1)).Count(t.Context()); err == nil &&
			!strings.Contains("id email role meta ok seen at score bin", strings.ToLower(s)) {
			rt.Fatalf("the column %q was taken", s)
		}
	})
}

// TestALongListIsOneValue: however many texts and integers there are, they are found
// exactly, in a statement of D1's limits.
func TestALongListIsOneValue(t *testing.T) {
	db, _ := newDB(t)
	u := db.Table("users")
	for id, text := range map[int]string{1: "a", 2: "it's \"1\" \\ and \u2028", 3: "007", 4: "7", 5: "\x00", 6: "\xff"} {
		if err := u.Insert(t.Context(), orm.Values{"id": id, "email": text}); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{20, 21, 100, 101, 1000, 10_000} {
		ids, texts := make([]any, n), make([]any, n)
		for i := range n {
			ids[i], texts[i] = math.MaxInt64-int64(i), strings.Repeat("x", 1+i%50)+"'"
		}
		ids[n-1], texts[n-2], texts[n-1] = 3, "007", "it's \"1\" \\ and \u2028"
		for name, c := range map[string]struct {
			cond orm.Cond
			want int64
		}{
			"ids": {orm.In("id", ids...), 1}, "not ids": {orm.NotIn("id", ids...), 5},
			"texts": {orm.In("email", texts...), 2}, "both": {orm.And(orm.In("id", ids...), orm.In("email", texts...)), 1},
		} {
			if name == "both" && n <= 20 {
				continue
			}
			if got, err := u.Where(c.cond).Count(t.Context()); err != nil || got != c.want {
				t.Errorf("%d %s: %d %v, want %d", n, name, got, err, c.want)
			}
		}
	}
	odd := make([]any, 50) // what JSON can't hold is bound one by one
	for i := range odd {
		odd[i] = "\xff"
	}
	odd[0] = "\x00"
	if got, err := u.Where(orm.In("email", odd...)).Count(t.Context()); err != nil || got != 2 {
		t.Errorf("odd texts: %d %v", got, err)
	}
}

func TestCountByAndBelow(t *testing.T) {
	db, _ := newDB(t)
	for i, role := range []any{"owner", "editor", "editor", nil} {
		if err := db.Table("users").Insert(t.Context(), orm.Values{"id": i + 1, "email": "x", "role": role}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Table("we\"ird").Insert(t.Context(), orm.Values{"k": "editor", "drop;--": 3}); err != nil {
		t.Fatal(err)
	}
	u := db.Table("users")
	if got, err := u.Where(orm.Gt("id", 1)).CountBy(t.Context(), "role"); err != nil || len(got) != 2 || got["editor"] != 2 || got[""] != 1 {
		t.Errorf("%v %v", got, err)
	}
	below := orm.Below("id", "we\"ird", "drop;--", "k", "role")
	if rows, err := u.Where(below).Many(t.Context()); err != nil || len(rows) != 1 || rows[0].Int("id") != 2 {
		t.Errorf("%v %v", rows, err)
	}
	if n, err := u.Where(orm.Or(orm.Eq("id", 4), below)).Count(t.Context()); err != nil || n != 2 {
		t.Errorf("%d %v", n, err)
	}
	if n, err := u.Where(orm.Not(below)).Count(t.Context()); err != nil || n != 3 {
		t.Errorf("not below: %d %v", n, err)
	}
	for _, c := range []orm.Cond{orm.Below("id", "nope", "a", "b", "role"), orm.Below("id", "we\"ird", "nope", "k", "role"),
		orm.Below("id", "we\"ird", "k", "k", "nope")} {
		if _, err := u.Where(c).Count(t.Context()); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	}
}
