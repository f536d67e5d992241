package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Script is what somebody wants to run.
type Script struct {
	// Database is its id: a confirmation holds for one.
	Database string
	SQL      string
	Params   string
	// Confirm is the token that was agreed to, if any, and Reason why the findings
	// that need one don't stand against it.
	Confirm, Reason string
}

// Judgement is what a run would do, as SQLite's compiler sees it on an empty copy
// of the schema, and as a trial in the database itself, which is rolled back,
// counts it. Nothing is judged by its words but whether there is a WHERE.
type Judgement struct {
	// Writes says that a statement of it may change something.
	Writes bool
	// Dangers are what has to be confirmed, in the order of the statements; none
	// when that was done.
	Dangers []Danger
	// Unexplained says that a finding needs a reason, and that the text gives none.
	Unexplained bool
	// Overridden says why the findings that need a reason don't stand against the
	// run, for the audit log; "" for none.
	Overridden string
	// Token stands for this text, its parameters, this database and its schema,
	// whatever the numbers of rows become: a busy table can be confirmed too.
	Token string
	// refused is the statement that failed in the trial, and so would in the run.
	refused []Result
	// told is what the compiler told of each statement.
	told []told
}

// told is whether a statement may write, and the columns of its rows where they are known
// for certain: with them a transport gives back every value as it is stored, and of a
// SELECT no more rows than are wanted.
type told struct {
	writes  bool
	columns []string
}

// Danger is one statement that has to be confirmed.
type Danger struct {
	SQL string
	// What it does, for instance "Delete every row of users: 14 rows", and Verb,
	// what a button that does it says, for instance "Delete 14 rows".
	What, Verb string
	// Notes say what else is touched.
	Notes []string
	// Findings are what the planner's rules say of it.
	Findings []migrate.Finding
}

// statement is one of a script, with what the compiler tells of it.
type statement struct {
	part   sqltext.Statement
	stmt   d1.Stmt
	writes bool
	// verb is insert, update or delete, and table whose rows; "" for others.
	verb, table string
	// sides are the effects on rows by foreign keys and triggers: others are the
	// tables whose rows these may update or delete, grows those they insert into.
	sides         []sqlite.Effect
	others, grows []string
	// counted says that the table's rows are counted, to know whether all of them
	// are concerned, and exact that it has to be all of them: an INSERT or UPDATE
	// may replace rows.
	counted, exact bool
	// virtual says that the module of a virtual table writes rows of its own, so
	// that those of others can't be told from them.
	virtual bool
	// adds says that it can only add rows, and so needs no trial.
	adds bool
	// unjudged is why the compiler could not tell, "" when it could, and unreadable is
	// the error of one that is no SQL.
	unjudged   string
	unreadable *d1.Error
	columns    []string
	// fixed is a danger that needs no trial: a DROP or an ALTER.
	fixed *fixed
}

// fixed is a DROP or ALTER of a table, "" for another object.
type fixed struct {
	Danger
	table string
	drop  bool
}

// Judge says what a script would do. A statement whose effect isn't known within
// the limit of a trial counts as dangerous. The error is Run's for a text that is
// no run.
func Judge(ctx context.Context, conn d1.Conn, s Script, l Limits) (Judgement, error) {
	began := time.Now()
	j, err := judge(ctx, conn, s, l.orDefaults())
	if wasStopped(err) {
		err = stopped(ctx, err, began, "Nothing was changed.")
	}
	return j, err
}

func judge(ctx context.Context, conn d1.Conn, s Script, l Limits) (Judgement, error) {
	ss, err := compile(s, l)
	if refused, ok := refusedOf(err); ok {
		return Judgement{refused: refused}, nil
	}
	if err != nil {
		return Judgement{}, err
	}
	db, err := live.Read(ctx, conn)
	if err != nil {
		return Judgement{}, err
	}
	j := Judgement{Token: token(s, db.Fingerprint())}
	if err := look(ctx, conn, db, ss, l); err != nil {
		return Judgement{}, err
	}
	tried := false
	for _, st := range ss {
		j.Writes = j.Writes || st.writes
		j.told = append(j.told, told{st.writes, st.columns})
		tried = tried || st.writes && (st.verb != "" && !st.adds || st.unjudged != "")
	}
	if at := slices.IndexFunc(ss, func(st *statement) bool { return st.unreadable != nil }); at >= 0 && j.Writes {
		ss[at].unreadable.Stmt = at
		j.refused, err = failed(results(ss), d1.Fail(ss[at].unreadable))
		return j, err
	}
	found := j.lint(db, ss, s.Reason)
	if !j.Writes || s.Confirm == j.Token && !j.Unexplained {
		return j, nil
	}
	var seen map[int]numbers
	untold := ""
	if tried {
		seen, untold, err = try(ctx, conn, ss, l)
		if r, ok := errors.AsType[*refusal](err); ok {
			j.refused, err = failed(results(ss), r.err)
		}
		if err != nil || j.refused != nil {
			return j, err
		}
	}
	c := &counter{conn: conn, live: db, limit: l.Trial}
	for i, st := range ss {
		if d := found[i].on(st, st.danger(ctx, seen[i], untold, c)); d != nil {
			j.Dangers = append(j.Dangers, *d)
		}
	}
	if n := changed(ss, seen); len(j.Dangers) == 0 && n > askAbove {
		j.Dangers = []Danger{{SQL: s.SQL, What: "Change " + rowWords(n) + " in all", Verb: "Change " + rowWords(n)}}
	}
	return j, nil
}

func token(s Script, fingerprint string) string {
	h := sha256.New()
	for _, part := range []string{s.Database, fingerprint, s.SQL, s.Params} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// compile cuts a script into statements with their values.
func compile(s Script, l Limits) ([]*statement, error) {
	parts, err := split(s.SQL, l)
	if err != nil {
		return nil, err
	}
	values, err := Params(s.Params)
	if err != nil {
		return nil, err
	}
	out := make([]*statement, len(parts))
	for i, p := range parts {
		// One with too few values fails when it is run, in words of its own.
		n := min(wanted(p.SQL), len(values))
		out[i] = &statement{part: p, stmt: d1.Stmt{SQL: p.SQL, Args: values[:n], MaxRow: maxRow, MaxRows: 1}}
	}
	return out, nil
}

// results are the statements as those of a run that hasn't been.
func results(ss []*statement) []Result {
	out := make([]Result, len(ss))
	for i, st := range ss {
		out[i] = Result{SQL: st.part.SQL, Offset: st.part.Offset, Wrote: st.writes, ErrOffset: -1}
	}
	return out
}

// look lets the compiler tell what each statement does. One that it can't compile
// on the copy may still only read something the copy doesn't have, or be an error
// of who typed it: the database itself knows.
func look(ctx context.Context, conn d1.Conn, db *live.Database, ss []*statement, l Limits) error {
	limited, cancel := context.WithTimeout(ctx, l.Trial)
	defer cancel()
	copied, err := shadow.Tolerate(limited, db.AllStatements())
	if err != nil {
		return err
	}
	defer copied.Close()
	settled := true // once the run changes the schema, the copy may not be what the database is then
	for _, st := range ss {
		st.look(copied)
		if !settled {
			st.columns = nil
		}
		settled = settled && (!st.writes || st.verb != "")
		if st.unreadable != nil {
			st.writes = false // it fails by itself
		}
		if st.unjudged == "" || st.unreadable != nil {
			continue
		}
		asked := st.stmt
		asked.SQL = "EXPLAIN " + asked.SQL
		_, err := conn.Query(limited, asked)
		e, ok := errors.AsType[*d1.Error](err)
		switch {
		case err == nil:
			st.writes, st.unjudged = false, "" // mode Read let it through
		case ok && e.Class != d1.ReadOnly && ofStatement(e.Class):
			st.writes = false // it fails by itself, unless the run makes what it needs
		case fault.Is(err, fault.Unavailable):
			return err
		}
	}
	for _, st := range ss {
		if st.writes { // then one that fails has to be seen among the others
			for _, other := range ss {
				other.writes = other.writes || other.unjudged != ""
			}
			break
		}
	}
	return nil
}
