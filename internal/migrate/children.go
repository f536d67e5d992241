package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// incoming is a foreign key that points at a table, by its child.
type incoming struct {
	child *schema.Table
	fk    schema.ForeignKey
	// refs are the columns it names, the primary key's where it says none.
	refs []string
}

// incoming lists what points at a table at this point of the plan, itself
// included.
func (b *builder) incoming(table string) []incoming {
	var out []incoming
	parent, ok := b.now.Table(table)
	if !ok {
		return nil
	}
	for i := range b.now.Tables {
		t := &b.now.Tables[i]
		for _, fk := range t.ForeignKeys {
			if sqltext.Same(fk.Table, table) {
				refs := fk.RefColumns
				if len(refs) == 0 {
					refs = parent.PrimaryKey
				}
				out = append(out, incoming{child: t, fk: fk, refs: refs})
			}
		}
	}
	return out
}

// shift is how the keys that children name move to values that none names.
type shift struct {
	// moves are assignments, to these columns.
	moves, columns []string
	// ranks are the columns whose integers, where some are negative and some not, move
	// by their rank.
	ranks []string
	// why says that they can't.
	why string
}

// shift finds values for every key a child names that no child names.
func (b *builder) shift(t *schema.Table, keys []incoming) shift {
	var moved []string
	s := shift{}
	for _, k := range keys {
		if k.fk.OnUpdate != "" {
			return shift{why: fmt.Sprintf("Its keys can't step aside, because rows of %s would follow them (ON UPDATE %s).",
				k.child.Name, k.fk.OnUpdate)}
		}
		if slices.ContainsFunc(k.refs, func(c string) bool { return contains(moved, c) }) {
			continue
		}
		why := ""
		i := slices.IndexFunc(k.refs, func(name string) bool {
			move, ranked, no := b.shifted(t, name)
			if no != "" {
				why = no
				return false
			}
			s.moves, s.columns = append(s.moves, move), append(s.columns, name)
			if ranked {
				s.ranks = append(s.ranks, name)
			}
			return true
		})
		if i < 0 {
			return shift{why: "Its key (" + strings.Join(k.refs, ", ") + ") can't step aside: " + why + "."}
		}
		moved = append(moved, k.refs[i])
	}
	return s
}

// move lets the keys step aside. Indexes on expressions of them would see it, and go
// first: the table goes anyway.
func (b *builder) move(t *schema.Table, s shift) {
	q := sqltext.Quote(t.Name)
	for _, ix := range t.Indexes {
		if slices.ContainsFunc(s.columns, func(c string) bool { return b.computes(t, ix, c) }) {
			b.more("DROP INDEX " + sqltext.Quote(ix.Name))
		}
	}
	if len(s.moves) > 0 {
		b.more("UPDATE " + q + " SET " + list(s.moves))
	}
	for _, name := range s.ranks {
		c, base := sqltext.Quote(name), b.base(t, name)
		b.more("UPDATE " + q + " SET " + c + " = kuratchi_ranks.n FROM (SELECT " + c + " AS k, " + base +
			" + row_number() OVER (ORDER BY " + c + ") AS n FROM " + q +
			" WHERE typeof(" + c + ") = 'integer' LIMIT CASE WHEN " + base +
			" IS NULL THEN 0 ELSE -1 END) AS kuratchi_ranks WHERE " + q + "." + c + " = kuratchi_ranks.k AND typeof(" + q + "." + c +
			") = 'integer'")
	}
}

// base is the number after which there is room for all integers of a column, NULL where
// they need none.
func (b *builder) base(t *schema.Table, name string) string {
	return "(SELECT n FROM " + counts + " WHERE what = " + sqltext.QuoteText("room for "+t.Name+"."+name) + ")"
}

// findRoom looks for that number before the first step. Where no integer is negative, or
// each is, their complements are free. Else there is room above the largest, below the
// smallest, or in the first gap between two that is wide enough: 2^64 numbers have one
// for any table.
func (b *builder) findRoom(t *schema.Table, name string) {
	k, live := sqltext.Quote(b.liveColumn(t.Name, name)), sqltext.Quote(b.liveTable(t.Name))
	b.before("INSERT INTO " + counts + " SELECT " + sqltext.QuoteText("room for "+t.Name+"."+name) +
		", CASE WHEN low >= 0 OR high < 0 THEN NULL WHEN high <= 9223372036854775807 - rows THEN high" +
		" WHEN low >= -9223372036854775807 + rows THEN low - rows - 1" +
		" ELSE (SELECT k FROM (SELECT " + k + " AS k, lead(" + k + ") OVER (ORDER BY " + k + ") AS next FROM " + live +
		" WHERE typeof(" + k + ") = 'integer') WHERE next / 2 - k / 2 > rows / 2 + 1 LIMIT 1) END" +
		" FROM (SELECT min(" + k + ") AS low, max(" + k + ") AS high, count(*) AS rows FROM " + live + " WHERE typeof(" + k + ") = 'integer')")
}

// shifted is the assignment of a value to a key's column that no row and no child has.
// ranked says that integers of both signs move in a second step; why, that there is no
// value to be sure of.
func (b *builder) shifted(t *schema.Table, name string) (move string, ranked bool, why string) {
	c, ok := t.Column(name)
	if !ok || c.Generated != "" {
		return "", false, "it is generated"
	}
	if reader := b.reader(t, name); reader != "" {
		return "", false, reader + " decides what it may be"
	}
	q := sqltext.Quote(c.Name)
	number := "CASE WHEN " + b.base(t, c.Name) + " IS NULL THEN ~" + q + " ELSE " + q + " END"
	text := b.prefix() + " || typeof(" + q + ") || hex(" + q + ")"
	integer := t.RowIDAlias(name) || t.Strict && (c.Type == "INTEGER" || c.Type == "INT")
	value := ""
	switch {
	case integer:
		value, ranked = number, true
	case t.Strict && c.Type == "BLOB":
		value = "CAST(" + text + " AS BLOB)"
	case t.Strict && c.Type == "REAL":
		return "", false, "it is a number of any size"
	case t.Strict || schema.Affinity(c.Type) == "text":
		value = "CASE WHEN " + q + " IS NOT NULL THEN " + text + " END"
	default:
		value, ranked = "CASE typeof("+q+") WHEN 'null' THEN NULL WHEN 'integer' THEN "+number+" WHEN 'real' THEN "+b.prefix()+
			" || quote("+q+") ELSE "+text+" END", true
	}
	if ranked {
		b.findRoom(t, c.Name)
	}
	return q + " = " + value, ranked, ""
}

// reader names what is computed from a column, "" for nothing: a CHECK or a generated
// column would see it move. The engine's compiler says what an expression reads.
func (b *builder) reader(t *schema.Table, column string) string {
	for _, c := range t.Columns {
		if c.Generated != "" && b.reads(t, c.Generated, column) {
			return "the generated column " + c.Name
		}
	}
	for _, check := range t.Checks {
		if b.reads(t, check, column) {
			return "the CHECK (" + check + ")"
		}
	}
	return ""
}

// computes reports whether an index has an expression or a condition of a column.
func (b *builder) computes(t *schema.Table, ix schema.Index, column string) bool {
	return ix.Where != "" && b.reads(t, ix.Where, column) ||
		slices.ContainsFunc(ix.Columns, func(c schema.IndexColumn) bool { return c.IsExpr && b.reads(t, c.Expr, column) })
}

// reads reports whether an expression of a table's columns reads one of them.
func (b *builder) reads(t *schema.Table, expr, column string) bool {
	mentioned := schema.Mentions(expr, column)
	for _, word := range sqltext.RowIDs() {
		mentioned = mentioned || schema.Mentions(expr, word)
	}
	if !mentioned {
		return false
	}
	if _, err := b.failing(); err != nil {
		return true
	}
	accesses, _, err := b.trial.Accesses("SELECT " + expr + "\nFROM " + sqltext.Quote(t.Name))
	return err != nil || slices.ContainsFunc(accesses, func(a sqlite.Access) bool {
		return a.Kind == "read" && sqltext.Same(a.Column, column)
	})
}

// prefix begins the texts that keys step aside to: one that no key has by accident,
// and the same for the same schema, so that the same plan has the same hash.
func (b *builder) prefix() string {
	sum := sha256.Sum256([]byte(b.plan.Fingerprint))
	return "'kuratchi:" + hex.EncodeToString(sum[:6]) + ":'"
}

// helperIndexes makes an index for every reference to the table that has none:
// without one, moving a key reads the whole child for every row. remade says that
// the table itself is dropped, and its indexes with it.
func (b *builder) helperIndexes(t *schema.Table, keys []incoming, remade bool) (toDrop []string) {
	var made []string
	for _, k := range keys {
		columns := sqltext.QuoteAll(k.fk.Columns)
		key := sqltext.Fold(k.child.Name + " " + columns)
		if k.child.Indexed(k.fk.Columns) || slices.Contains(made, key) {
			continue
		}
		made = append(made, key)
		name := b.helper("key")
		b.more("CREATE INDEX " + name + " ON " + sqltext.Quote(k.child.Name) + " (" + columns + ")")
		if !sqltext.Same(k.child.Name, t.Name) || !remade { // its own goes with it
			toDrop = append(toDrop, name)
		}
	}
	return toDrop
}

// descendants are the tables whose rows a delete in t could reach, parents before
// their children, t itself left out. The second result is false where tables refer
// to each other in a circle.
func (b *builder) descendants(t *schema.Table) (tables []*schema.Table, tree bool) {
	tree = true
	done, doing := map[string]bool{}, map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		key := sqltext.Fold(name)
		if done[key] {
			return
		}
		doing[key] = true
		for _, k := range b.incoming(name) {
			child := sqltext.Fold(k.child.Name)
			if child == key {
				continue
			}
			if doing[child] {
				tree = false
				continue
			}
			visit(k.child.Name)
		}
		doing[key], done[key] = false, true
		if !sqltext.Same(name, t.Name) {
			found, _ := b.now.Table(name)
			tables = append(tables, found)
		}
	}
	visit(t.Name)
	slices.Reverse(tables)
	return tables, tree
}

// cantSetAside says why the rows of a table's descendants can't be taken out and put
// back, "" when they can.
func (b *builder) cantSetAside(t *schema.Table) string {
	tables, tree := b.descendants(t)
	if !tree {
		return "tables refer to each other in a circle."
	}
	for _, d := range append(tables, t) {
		if l := b.apart(d); l != nil {
			return l.Words() + " is left alone."
		}
		for _, k := range b.within(d) {
			if b.untied(k) == "" {
				return "the rows of " + d.Name + " refer to each other, and each would take the next along."
			}
		}
	}
	return ""
}

// within are the references of a table to itself.
func (b *builder) within(t *schema.Table) (keys []incoming) {
	for _, k := range b.incoming(t.Name) {
		if sqltext.Same(k.child.Name, t.Name) {
			keys = append(keys, k)
		}
	}
	return keys
}

// untieRows takes the references of a table to itself away: a chain of more than ten
// rows would be deleted deeper than D1 lets triggers go, and RESTRICT keeps each.
func (b *builder) untieRows(t *schema.Table) {
	for _, k := range b.within(t) {
		b.more(b.untied(k))
	}
}

// setAside copies the rows of all descendants, deletes them leaves first, and
// returns the statements that put them back, parents first.
func (b *builder) setAside(t *schema.Table) (back []string) {
	tables, _ := b.descendants(t)
	var helpers, drops []string
	for _, d := range tables {
		helpers = append(helpers, b.helperIndexes(d, b.incoming(d.Name), false)...)
	}
	for _, d := range tables {
		b.dropTriggers(d.Name)
		b.count(d.Name)
		b.dangling(d, d)
		b.check(LiveCheck{
			Severity: Size, Object: d.Name, What: "rows of " + d.Name + " that are set aside and put back", PerRow: 3 + 2*len(d.Indexes),
			Count: "SELECT count(*) FROM " + sqltext.Quote(b.liveTable(d.Name)),
		})
		c := b.copyRows(d, d)
		back, drops = append(back, c.back()...), append(drops, c.drops()...)
	}
	for _, d := range slices.Backward(tables) {
		b.untieRows(d)
		b.more("DELETE FROM " + sqltext.Quote(d.Name))
	}
	back = append(back, drops...)
	for _, name := range helpers {
		back = append(back, "DROP INDEX "+name)
	}
	return back
}
