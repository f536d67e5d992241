package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Severity is what a live check's count means when it is not 0.
type Severity string

const (
	// Block means that the plan can't be applied until the rows are right.
	Block Severity = "block"
	// Lost counts what a loss of the plan would take.
	Lost Severity = "loss"
	// Size counts rows that are read or written; see LiveCheck.Seconds.
	Size Severity = "size"
)

// LiveCheck is one question to the rows that are there, before anything changes.
type LiveCheck struct {
	Severity Severity `json:"severity"`
	// Object is what it is about, for a loss the loss's name.
	Object string `json:"object"`
	// What is counted, in words that a number follows: "rows of users without email".
	What string `json:"what"`
	// Fix says what to do about it.
	Fix string `json:"fix,omitempty"`
	// Count is the statement whose one value is the number.
	Count string `json:"count"`
	// Rows is a statement that returns some of them, "" for none.
	Rows string `json:"rows,omitempty"`
	// PerRow is how often a row is written, for Size.
	PerRow int `json:"per_row,omitempty"`
}

// WritesPerSecond is what a rebuild writes on D1, for an estimate on the side of
// caution: workerd on two cores wrote 300,000 parents three times with 600,000
// index lookups in 1.6 s, and Cloudflare's machines share theirs.
const WritesPerSecond = 100_000

// StatementSeconds is D1's limit of one batch.
const StatementSeconds = 30

// Answer is what a live check found.
type Answer struct {
	LiveCheck
	N int64
	// Sample are some of the rows, with the names of their columns.
	Columns []string
	Sample  [][]d1.Value
}

// Seconds estimates how long the writes of a Size check take.
func (a Answer) Seconds() int64 { return a.N * int64(a.PerRow) / WritesPerSecond }

// Blocks reports whether the answer forbids the plan.
func (a Answer) Blocks() bool {
	return a.Severity == Block && a.N > 0 || a.Severity == Size && a.Seconds() > StatementSeconds
}

// Words say the answer in a sentence.
func (a Answer) Words() string {
	switch {
	case a.Severity == Size && a.Seconds() > StatementSeconds:
		return fmt.Sprintf("%s: %d, about %d s, and D1 stops a transaction after %d s", a.What, a.N, a.Seconds(), StatementSeconds)
	case a.Severity == Size:
		return fmt.Sprintf("%s: %d, about %d s", a.What, a.N, max(a.Seconds(), 1))
	}
	return fmt.Sprintf("%s: %d", a.What, a.N)
}

// Ask runs the plan's live checks in one read, and the samples of those that
// block in another.
func (p *Plan) Ask(ctx context.Context, conn d1.Conn) ([]Answer, error) {
	if len(p.Checks) == 0 {
		return nil, nil
	}
	statements := make([]d1.Stmt, len(p.Checks))
	for i, c := range p.Checks {
		statements[i] = d1.Query(c.Count)
	}
	results, err := conn.Batch(ctx, statements)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, len(p.Checks))
	var against []int
	var rows []d1.Stmt
	for i, c := range p.Checks {
		answers[i] = Answer{LiveCheck: c, N: results[i].Rows[0][0].Int()}
		if answers[i].Severity == Block && answers[i].N > 0 && c.Rows != "" {
			against, rows = append(against, i), append(rows, d1.Query(c.Rows))
		}
	}
	if len(rows) == 0 {
		return answers, nil
	}
	if results, err = conn.Batch(ctx, rows); err != nil {
		return nil, err
	}
	for i, at := range against {
		answers[at].Columns, answers[at].Sample = results[i].Columns, results[i].Rows
	}
	return answers, nil
}

// check adds a live check once.
func (b *builder) check(c LiveCheck) {
	if !slices.ContainsFunc(b.plan.Checks, func(x LiveCheck) bool { return x.Severity == c.Severity && x.Count == c.Count }) {
		b.plan.Checks = append(b.plan.Checks, c)
	}
}

// from is the live table under the names the plan's renames give it.
func (b *builder) from(table string) string {
	t, _ := b.was.Table(table)
	live, renamed := b.liveTable(table), false
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		old := b.liveColumn(table, c.Name)
		renamed = renamed || old != c.Name
		columns[i] = sqltext.Quote(old) + " AS " + sqltext.Quote(c.Name)
	}
	switch {
	case renamed:
		return "(SELECT " + list(columns) + " FROM " + sqltext.Quote(live) + ") AS " + sqltext.Quote(table)
	case live != table:
		return sqltext.Quote(live) + " AS " + sqltext.Quote(table)
	}
	return sqltext.Quote(table)
}

// blocking adds a check that forbids the plan while rows, as the plan would leave them,
// meet the condition. c has its words.
func (b *builder) blocking(have, want *schema.Table, condition string, c LiveCheck) {
	shown := shown(have, want)
	where := b.future(have, want, condition+"\n"+shown) + " WHERE " + condition
	c.Severity, c.Count, c.Rows = Block, "SELECT count(*) FROM "+where, "SELECT "+shown+" FROM "+where+" LIMIT 5"
	b.check(c)
}

// shown are the columns by which people know a row: its key, and the first few. It need
// not tell every row from the others, as live.Key does, and a rowid would say nothing.
func shown(have, want *schema.Table) string {
	var names []string
	add := func(name string) {
		_, was := have.Column(name)
		if _, is := want.Column(name); was && is && !contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range have.PrimaryKey {
		add(name)
	}
	for _, c := range have.Columns[:min(len(have.Columns), 4)] {
		add(c.Name)
	}
	if len(names) == 0 {
		return "count(*)"
	}
	return sqltext.QuoteAll(names)
}

// checkColumn counts what a dropped column holds.
func (b *builder) checkColumn(c schema.DropColumn) {
	b.check(LiveCheck{
		Severity: Lost, Object: c.Object(), What: "values of " + c.Object() + " that are lost",
		Count: "SELECT count(" + sqltext.Quote(c.Column.Name) + ") FROM " + b.from(c.Table.Name),
	})
}

// checkUnique asks for values that repeat under a unique index of a table that is there,
// or under a key of it, which is as an index of the table's name.
func (b *builder) checkUnique(have, want *schema.Table, ix schema.Index) {
	var terms, names, conditions []string
	for _, c := range ix.Columns {
		term := c.Expr
		if _, ok := want.Column(c.Expr); ok && !c.IsExpr {
			term = keyTerm(c.Expr, c.Collate)
		} else if c.Collate != "" {
			term += " COLLATE " + c.Collate
		}
		terms, names, conditions = append(terms, term), append(names, c.Expr), append(conditions, term+" IS NOT NULL")
	}
	if ix.Where != "" {
		conditions = append(conditions, "("+ix.Where+")")
	}
	condition := strings.Join(conditions, " AND ")
	groups := " FROM " + b.future(have, want, condition) + " WHERE " + condition + " GROUP BY " + list(terms) + " HAVING count(*) > 1"
	b.check(LiveCheck{
		Severity: Block, Object: ix.Name, What: "values of " + want.Name + " (" + list(names) + ") that are there more than once",
		Fix:   "Change or delete the rows that repeat.",
		Count: "SELECT count(*) FROM (SELECT 1" + groups + ")",
		Rows:  "SELECT " + list(terms) + ", count(*) AS rows" + groups + " LIMIT 5",
	})
}
