package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
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
			if strings.EqualFold(fk.Table, table) {
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

// shift returns the assignments that move every key a child names to values that
// no child names, and why that can't be, "" when it can.
func (b *builder) shift(t *schema.Table, keys []incoming) (moves []string, why string) {
	var moved []string
	for _, k := range keys {
		if k.fk.OnUpdate != "" {
			return nil, fmt.Sprintf("Its keys can't step aside, because rows of %s would follow them (ON UPDATE %s).", k.child.Name, k.fk.OnUpdate)
		}
		if slices.ContainsFunc(k.refs, func(c string) bool { return slices.Contains(moved, strings.ToLower(c)) }) {
			continue
		}
		column, value := "", ""
		for _, name := range k.refs {
			if v := b.shifted(t, name); v != "" {
				column, value = name, v
				break
			}
		}
		if value == "" {
			return nil, "Its key (" + strings.Join(k.refs, ", ") + ") can't step aside: it is generated, or a constraint decides what it may be."
		}
		moved = append(moved, strings.ToLower(column))
		moves = append(moves, schema.Quote(column)+" = "+value)
	}
	return moves, ""
}

// shifted is a value for a key's column that no row and no child has, "" where
// there is none to be sure of.
func (b *builder) shifted(t *schema.Table, name string) string {
	c, ok := t.Column(name)
	if !ok || c.Generated != "" || slices.ContainsFunc(t.Checks, func(check string) bool { return schema.Mentions(check, name) }) {
		return ""
	}
	q, what := schema.Quote(c.Name), schema.QuoteText("shift of "+t.Name+"."+c.Name)
	// Where every key is positive its complement is negative, whatever its size;
	// else the distance from the smallest to the largest, and one, is added.
	number := "coalesce(" + q + " + (SELECT n FROM " + counts + " WHERE what = " + what + "), ~" + q + ")"
	text := b.prefix() + " || typeof(" + q + ") || hex(" + q + ")"
	integer := t.RowIDAlias(name) || t.Strict && (c.Type == "INTEGER" || c.Type == "INT")
	value := ""
	switch {
	case integer:
		value = number
	case t.Strict && c.Type == "BLOB":
		value = "CAST(" + text + " AS BLOB)"
	case t.Strict && c.Type == "REAL":
		return ""
	case t.Strict || schema.Affinity(c.Type) == "text":
		value = "CASE WHEN " + q + " IS NOT NULL THEN " + text + " END"
	default:
		value = "CASE typeof(" + q + ") WHEN 'null' THEN NULL WHEN 'integer' THEN " + number + " WHEN 'real' THEN " + b.prefix() + " || quote(" + q + ") ELSE " + text + " END"
	}
	if strings.Contains(value, what) {
		live, column := b.liveTable(t.Name), b.liveColumn(t.Name, c.Name)
		k := schema.Quote(column)
		b.before("INSERT INTO " + counts + " SELECT " + what + ", CASE WHEN min(" + k + ") >= 0 THEN NULL ELSE max(" + k + ") - min(" + k + ") + 1 END FROM " + schema.Quote(live) + " WHERE typeof(" + k + ") = 'integer'")
	}
	return value
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
		columns := quoteAll(k.fk.Columns)
		key := strings.ToLower(k.child.Name + " " + list(columns))
		if k.child.Indexed(k.fk.Columns) || slices.Contains(made, key) {
			continue
		}
		made = append(made, key)
		name := b.helper("key")
		b.more("CREATE INDEX " + name + " ON " + schema.Quote(k.child.Name) + " (" + list(columns) + ")")
		if !strings.EqualFold(k.child.Name, t.Name) || !remade { // its own goes with it
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
		key := strings.ToLower(name)
		if done[key] {
			return
		}
		doing[key] = true
		for _, k := range b.incoming(name) {
			child := strings.ToLower(k.child.Name)
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
		if !strings.EqualFold(name, t.Name) {
			found, _ := b.now.Table(name)
			tables = append(tables, found)
		}
	}
	visit(t.Name)
	slices.Reverse(tables)
	return tables, tree
}

// cantSetAside says why the rows of a table's descendants can't be taken out and
// put back, "" when they can.
func (b *builder) cantSetAside(t *schema.Table, keys []incoming) string {
	tables, tree := b.descendants(t)
	if !tree {
		return "tables refer to each other in a circle."
	}
	for _, k := range keys {
		if strings.EqualFold(k.child.Name, t.Name) && k.fk.OnDelete == "RESTRICT" {
			return "its rows refer to each other, and RESTRICT keeps each from going."
		}
	}
	for _, d := range tables {
		for _, fk := range d.ForeignKeys {
			if strings.EqualFold(fk.Table, d.Name) && fk.OnDelete == "RESTRICT" {
				return "the rows of " + d.Name + " refer to each other, and RESTRICT keeps each from going."
			}
		}
		if len(d.Columns) > 99 && !d.WithoutRowID {
			return d.Name + " has too many columns to keep its rowids."
		}
	}
	return ""
}

// setAside copies the rows of all descendants, deletes them leaves first, and
// returns the statements that put them back, parents first.
func (b *builder) setAside(t *schema.Table) (back []string) {
	tables, _ := b.descendants(t)
	names := make([]string, len(tables))
	var helpers []string
	for _, d := range tables {
		helpers = append(helpers, b.helperIndexes(d, b.incoming(d.Name), false)...)
	}
	for i, d := range tables {
		b.dropTriggers(d.Name)
		b.count(d.Name)
		names[i] = b.helper("rows")
		columns := quoteAll(carriedColumns(d, d))
		into := columns
		if rowid := keptRowID(d, d); rowid != "" {
			into = append([]string{rowid}, columns...)
			columns = append([]string{rowid + " AS kuratchi_rowid"}, columns...)
		}
		b.more("CREATE TABLE " + names[i] + " AS SELECT " + list(columns) + " FROM " + schema.Quote(d.Name))
		from := slices.Clone(into)
		if len(columns) > 0 && strings.HasSuffix(columns[0], " AS kuratchi_rowid") {
			from[0] = "kuratchi_rowid"
		}
		back = append(back, "INSERT INTO "+schema.Quote(d.Name)+" ("+list(into)+") SELECT "+list(from)+" FROM "+names[i]+" WHERE 1")
	}
	for _, d := range slices.Backward(tables) {
		b.more("DELETE FROM " + schema.Quote(d.Name))
	}
	for _, name := range names {
		back = append(back, "DROP TABLE "+name)
	}
	for _, name := range helpers {
		back = append(back, "DROP INDEX "+name)
	}
	return back
}
