package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// migrations measures planning, a rebuild of a large table against the bare SQL of
// the same recipe, and one plan on many small databases.
func migrations(ctx context.Context, b *bench) ([]line, error) {
	e, err := local.Open(b.dir+"/migrations", local.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	var lines []line
	for _, part := range []func(context.Context, *bench, *local.Engine) (line, error){planned, rebuilt} {
		l, err := part(ctx, b, e)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	rollouts, err := rolledOut(ctx, b)
	return append(lines, rollouts...), err
}

// opened makes a database of statements.
func opened(ctx context.Context, e *local.Engine, name string, statements ...string) (d1.Conn, error) {
	info, err := e.Create(ctx, d1.CreateInput{Name: name})
	if err != nil {
		return nil, err
	}
	conn, err := e.Open(ctx, info.ID)
	if err != nil || len(statements) == 0 {
		return conn, err
	}
	ss := make([]d1.Stmt, len(statements))
	for i, sql := range statements {
		ss[i] = d1.Exec(sql)
	}
	_, err = conn.Batch(ctx, ss)
	return conn, err
}

// parsed reads a schema whose columns have the schema's numbers for names.
func parsed(tables int, more string) (*schema.Schema, error) {
	list := make([]string, tables)
	for i := range list {
		list[i] = fmt.Sprintf(`"t%02d": {"id": "integer primary key", "name": "text not null", "parent": `+
			`"integer -> t%02d.id cascade", "at": "text default now"%s}`, i, max(0, i-1), more)
	}
	return schema.Parse([]byte(`{"name": "bench", "version": 1, "tables": {` + strings.Join(list, ", ") + `}}`))
}

// planned is 40 tables inspected, compared, planned and proved.
func planned(ctx context.Context, b *bench, e *local.Engine) (line, error) {
	const what, goal = "40 tables with one new column each: inspected, planned and proved, median", 50
	from, err := parsed(40, "")
	if err != nil {
		return line{}, err
	}
	to, err := parsed(40, `, "note": "text"`)
	if err != nil {
		return line{}, err
	}
	conn, err := opened(ctx, e, "planned", from.DDL()...)
	if err != nil {
		return line{}, err
	}
	var times []time.Duration
	for range max(b.turns/2, 3) {
		began := time.Now()
		live, err := migrate.Inspect(ctx, conn)
		if err != nil {
			return line{}, err
		}
		if p, err := migrate.New(live, to, nil); err != nil || p.Changes() != 40 {
			return line{}, fmt.Errorf("%d changes: %w", p.Changes(), err)
		}
		times = append(times, time.Since(began))
	}
	return atMost(what, milliseconds(median(times)), goal, "ms"), nil
}

// rebuilt makes a table of many rows anew again and again, its CHECK one way and
// the other: once by the plan's whole batch, once by its steps alone.
func rebuilt(ctx context.Context, b *bench, e *local.Engine) (line, error) {
	side := func(name string, run func(p *migrate.Plan, conn d1.Conn) error) (func() error, error) {
		conn, err := opened(ctx, e, name,
			"create table users(id integer primary key, name text not null, n integer, check (n < 1000))",
			fmt.Sprintf("insert into users with recursive i(i) as (select 1 union all select i + 1 from i where i < %d) "+
				"select i, 'user ' || i, i %% 1000 from i", b.rows),
			"create table sessions(id integer primary key, user integer references users(id) on delete cascade)",
			fmt.Sprintf("insert into sessions select id, id from users where id <= %d", b.rows/10),
			"create index sessions_user on sessions(user)")
		turn := 0
		return func() error {
			live, err := migrate.Inspect(ctx, conn)
			if err != nil {
				return err
			}
			turn++
			target := *live.Schema
			target.Tables = append([]schema.Table(nil), live.Schema.Tables...)
			for i := range target.Tables {
				if target.Tables[i].Name == "users" {
					target.Tables[i].Checks = []string{"n < " + strconv.Itoa(1000+turn%2)}
				}
			}
			p, err := migrate.New(live, &target, nil)
			if err != nil {
				return err
			}
			return run(p, conn)
		}, err
	}
	ours, err := side("planned-rebuild", func(p *migrate.Plan, conn d1.Conn) error {
		_, err := migrate.Apply(ctx, conn, p, migrate.Attempt{ID: fmt.Sprint(time.Now().UnixNano()), Actor: "bench", At: time.Now()})
		return err
	})
	if err != nil {
		return line{}, err
	}
	bare, err := side("bare-rebuild", func(p *migrate.Plan, conn d1.Conn) error {
		ss := make([]d1.Stmt, 0, len(p.Steps)+3)
		for _, sql := range p.Before { // the shift reads its offset there
			if !strings.Contains(sql, "'rows of") {
				ss = append(ss, d1.Exec(sql))
			}
		}
		for _, s := range p.Steps {
			if !strings.HasPrefix(s.SQL, "SELECT") {
				ss = append(ss, d1.Exec(s.SQL))
			}
		}
		_, err := conn.Batch(ctx, append(ss, d1.Exec("drop table kuratchi_counts")))
		return err
	})
	if err != nil {
		return line{}, err
	}
	p, err := compare((b.longRounds+1)/2, 1, ours, bare)
	return ratio(fmt.Sprintf("a parent of %d rows made anew, against the bare SQL of the recipe", b.rows), p, 1.5), err
}
