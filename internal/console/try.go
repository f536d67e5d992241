package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// numbers are what a trial counted of one statement.
type numbers struct {
	// total are the rows changed with those by foreign keys and triggers, direct
	// those the statement changed itself.
	total, direct int64
	// before and after are rows of the statement's table, and then of those that
	// its triggers insert into.
	before, after []int64
}

// refusal is a statement's own failure in a trial.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

// triedTable keeps the numbers within the transaction of a trial. It has no rowid,
// so that last_insert_rowid() stays what the statements make it. tried is the name of
// the failure that brings them back.
const (
	triedTable = "kuratchi_tried"
	tried      = "tried"
	maxGrows   = 29 // D1 allows 32 arguments of a function
)

// try runs the writing statements as the run would and rolls them back: the last
// statement of the batch fails on purpose, and its message carries the numbers.
// untold says why there are none. The error is a refusal when a statement failed.
func try(ctx context.Context, conn d1.Conn, ss []*statement, l Limits) (seen map[int]numbers, untold string, err error) {
	for i, st := range ss {
		if i > 0 && st.writes && (calls(st.part.SQL, "changes") || calls(st.part.SQL, "total_changes")) {
			return nil, "the run asks for changes(), so it can't be tried out", nil
		}
	}
	batch, owner := []d1.Stmt{d1.Exec("CREATE TABLE " + triedTable + " (i INTEGER PRIMARY KEY, n TEXT) WITHOUT ROWID")}, []int{-1}
	add := func(i int, s d1.Stmt) { batch, owner = append(batch, s), append(owner, i) }
	before := map[int]int{} // the probe before a statement; the next one is after it
	last, probes := "", 0
	for i, st := range ss {
		if !st.writes {
			continue
		}
		s := st.stmt
		s.Mode = d1.Write
		if st.verb == "" {
			add(i, s)
			last = ""
			continue
		}
		probe := st.probe()
		if probe != last { // else the one after the statement before it is the same
			add(-1, probeStmt(probes, probe))
			probes++
		}
		before[i] = probes - 1
		add(i, s)
		add(-1, probeStmt(probes, probe))
		probes++
		last = probe
	}
	add(-1, d1.Fails(tried, "(SELECT json_group_object(i, json(n)) FROM "+triedTable+")"))
	limited, cancel := context.WithTimeout(ctx, l.Trial)
	defer cancel()
	_, err = conn.Batch(limited, batch)
	e, ok := errors.AsType[*d1.Error](err)
	switch {
	case err == nil:
		return nil, "", errors.New("console: a trial was not rolled back")
	case limited.Err() != nil && ctx.Err() == nil:
		return nil, fmt.Sprintf("trying it out took longer than %.2g s", l.Trial.Seconds()), nil
	case ok && (e.Stmt == len(batch)-1 || e.Stmt < 0 && d1.FailedAt(err, tried)): // D1 doesn't tell which one failed
		seen, err = readTrial(err, before)
		return seen, "", err
	case ok && e.Stmt >= 0 && owner[e.Stmt] >= 0 && ofStatement(e.Class):
		e.Stmt = owner[e.Stmt]
		return nil, "", &refusal{err: err}
	case ok && e.Stmt < 0 && (e.Class == d1.Syntax || e.Class == d1.Constraint || e.Class == d1.Auth || e.Class == d1.TooBig):
		if len(ss) == 1 {
			e.Stmt = 0
		}
		return nil, "", &refusal{err: err}
	}
	return nil, "", err
}

// ofStatement reports whether a refusal is the statement's own fault, and not that of a
// database which doesn't answer now.
func ofStatement(c d1.Class) bool {
	return c != d1.Interrupted && c != d1.Busy && c != d1.Storage && c != d1.Broken
}

// probe is what is counted around a statement.
func (st *statement) probe() string {
	n := "0"
	switch {
	case st.exact:
		n = "(SELECT count(*) FROM " + sqltext.Quote(st.table) + ")"
	case st.counted: // whether they are all matters for a few only
		n = "(SELECT count(*) FROM (SELECT 1 FROM " + sqltext.Quote(st.table) + " LIMIT " + strconv.Itoa(askAbove+2) + "))"
	}
	counts := []string{"total_changes()", "changes()", n}
	for _, t := range st.grows[:min(len(st.grows), maxGrows)] {
		counts = append(counts, "(SELECT count(*) FROM "+sqltext.Quote(t)+")")
	}
	return "json_array(" + strings.Join(counts, ", ") + ")"
}

func probeStmt(n int, counts string) d1.Stmt {
	return d1.Exec(fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", triedTable, n, counts))
}

// readTrial reads the numbers from the failure that ended the trial.
func readTrial(ended error, before map[int]int) (map[int]numbers, error) {
	failed, _ := d1.Failed(ended)
	if failed.Name != tried {
		return nil, fmt.Errorf("console: the trial ended with %w", ended)
	}
	probes := map[string][]int64{}
	if err := json.Unmarshal([]byte(failed.Detail), &probes); err != nil {
		return nil, fmt.Errorf("console: the trial's numbers: %w", err)
	}
	out := map[int]numbers{}
	for i, at := range before {
		a, b := probes[strconv.Itoa(at)], probes[strconv.Itoa(at+1)]
		if len(a) < 3 || len(a) != len(b) {
			return nil, errors.New("console: the trial's numbers are not whole")
		}
		n := numbers{total: b[0] - a[0] - 1, direct: b[1], before: a[2:], after: b[2:]} // the probe itself is a row
		if n.total == 0 {
			n.direct = 0 // changes() keeps what an earlier statement did
		}
		out[i] = n
	}
	return out, nil
}
