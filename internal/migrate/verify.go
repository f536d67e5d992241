package migrate

import (
	"slices"
	"strconv"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// MaxCompared is up to how many rows a rebuild compares every key, old against
// new; above that the counts alone are compared. D1 has no hash function, and a
// comparison sorts both sides.
const MaxCompared = 100_000

// before adds a statement that runs ahead of the first step, against the names
// the database has now.
func (b *builder) before(sql string) {
	if !slices.Contains(b.plan.Before, sql) {
		b.plan.Before = append(b.plan.Before, sql)
	}
}

func (b *builder) assert(what, condition string) {
	b.plan.After = append(b.plan.After, Assertion{What: what, Condition: condition})
}

// Statement fails with What when the condition doesn't hold.
func (a Assertion) Statement() string {
	return d1.Assertion{Name: d1.NotSo, Detail: a.What}.SQL(a.Condition)
}

// count has the rows of a table, and of what refers to it, counted before the first
// step and compared after the last. Dangling references are counted too: there may
// be old ones, and none may come.
func (b *builder) count(table string) {
	names := []string{table}
	for _, k := range b.incoming(table) {
		names = append(names, k.child.Name)
	}
	for _, name := range names {
		key := sqltext.Fold(name)
		if _, existed := b.was.Table(name); b.counted[key] || !existed || b.going[key] {
			continue
		}
		b.counted[key] = true
		live, isNow := sqltext.Quote(b.liveTable(name)), sqltext.Quote(name)
		checkable := b.checkable(name)
		rows, dangling := sqltext.QuoteText("rows of "+name), sqltext.QuoteText("dangling in "+name)
		values := "(" + rows + ", (SELECT count(*) FROM " + live + "))"
		b.assert("every row of "+name+" is kept", "(SELECT count(*) FROM "+isNow+") = (SELECT n FROM "+counts+" WHERE what = "+rows+")")
		if checkable {
			values += ", (" + dangling + ", (SELECT count(*) FROM pragma_foreign_key_check(" + sqltext.QuoteText(b.liveTable(name)) + ")))"
			b.assert("no reference in "+name+" dangles",
				"(SELECT count(*) FROM pragma_foreign_key_check("+sqltext.QuoteText(name)+")) <= (SELECT n FROM "+counts+" WHERE what = "+dangling+")")
		}
		b.before("INSERT INTO " + counts + " VALUES " + values)
	}
}

// keysKept compares the key of every row with the copy's: the primary key, which need not
// be what tells rows apart (live.Key) but is what references and people go by.
func (b *builder) keysKept(have, want *schema.Table, copied string) {
	if len(have.PrimaryKey) == 0 || !slices.EqualFunc(have.PrimaryKey, want.PrimaryKey, sqltext.Same) {
		return
	}
	for _, name := range have.PrimaryKey {
		old, _ := have.Column(name)
		next, _ := want.Column(name)
		if schema.Affinity(old.Type) != schema.Affinity(next.Type) || next.Generated != "" || old.Collate != next.Collate {
			return // compared as values they would differ
		}
	}
	key := sqltext.QuoteAll(have.PrimaryKey)
	a := Assertion{
		What: "every key of " + want.Name + " is kept",
		Condition: "(SELECT count(*) FROM " + copied + ") > " + strconv.Itoa(MaxCompared) + " OR NOT EXISTS (SELECT " + key +
			" FROM " + copied + " EXCEPT SELECT " + key + " FROM " + sqltext.Quote(want.Name) + ")",
	}
	b.more(a.Statement())
}

// assertions closes what was opened to count.
func (b *builder) assertions() {
	if len(b.plan.Before) == 0 {
		return
	}
	b.plan.Before = append([]string{
		"PRAGMA defer_foreign_keys = on",
		"CREATE TABLE " + counts + " (what TEXT PRIMARY KEY NOT NULL, n) WITHOUT ROWID",
	}, b.plan.Before...)
}

// liveTable is the name a table has before the renames of the plan.
func (b *builder) liveTable(name string) string {
	for _, c := range b.renamed {
		if r, ok := c.(schema.RenameTable); ok && sqltext.Same(r.To, name) {
			return r.From
		}
	}
	return name
}

// liveColumn is the name a column has before the renames of the plan.
func (b *builder) liveColumn(table, name string) string {
	for _, c := range b.renamed {
		if r, ok := c.(schema.RenameColumn); ok && sqltext.Same(r.Table, table) && sqltext.Same(r.To, name) {
			return r.From
		}
	}
	return name
}
