package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
)

// How much there is of what there can be much of.
const (
	manyTables  = 1000
	manyColumns = 100 // the most that D1 allows
)

// many measures pages of a database with many tables, one of which has many
// columns, on a site of its own.
func many(ctx context.Context, b *bench) ([]line, error) {
	s, err := newSite(ctx, b.dir+"/many")
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }()
	columns, err := s.widen(ctx)
	if err != nil {
		return nil, err
	}
	var lines []line
	measure := func(what, path string, goal float64) error {
		var times []time.Duration
		for range max(b.turns/5, 3) {
			began := time.Now()
			if _, err := s.get(ctx, s.url+path, "gzip"); err != nil {
				return err
			}
			times = append(times, time.Since(began))
		}
		lines = append(lines, atMost(what+", median", milliseconds(median(times)), goal, "ms"))
		return nil
	}
	database := "/databases/" + databaseName
	wide := database + "/tables/wide"
	if err := measure("a table of 100 columns, 100 rows, the columns that are shown first", wide, 20); err != nil {
		return nil, err
	}
	if err := measure("the same, all columns", wide+"?cols="+columns, 20); err != nil {
		return nil, err
	}
	if err := s.crowd(ctx); err != nil {
		return nil, err
	}
	for _, page := range []struct{ what, path string }{
		{"data page", database}, {"page of a table", database + "/tables/t0500"}, {"structure of a table", database + "/structure?table=t0500"},
		{"console", database + "/sql"}, {"palette, a search", "/search?db=" + databaseName + "&q=t0500"},
	} {
		if err := measure(fmt.Sprintf("a database of %d tables, %s", manyTables, page.what), page.path, 50); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// widen makes a table of many columns and 100 rows, and returns their names.
func (s *site) widen(ctx context.Context) (columns string, err error) {
	names, values := []string{"id"}, []string{"i"}
	for i := 1; i < manyColumns; i++ {
		names = append(names, fmt.Sprintf("c%02d", i))
		values = append(values, fmt.Sprintf("'value ' || i * %d", i*7919))
	}
	for _, sql := range []string{
		"create table wide (id integer primary key, " + strings.Join(names[1:], " text, ") + " text)",
		"insert into wide with recursive n(i) as (select 1 union all select i + 1 from n where i < 100) select " +
			strings.Join(values, ", ") + " from n",
	} {
		if _, err := s.conn.Query(ctx, d1.Exec(sql)); err != nil {
			return "", err
		}
	}
	return strings.Join(names, ","), nil
}

// crowd makes many tables, each with an index and a key to the one before it.
func (s *site) crowd(ctx context.Context) error {
	var ss []d1.Stmt
	for i := range manyTables {
		ss = append(ss, d1.Exec(fmt.Sprintf("create table t%04d (id integer primary key, name text not null, "+
			"parent integer references t%04d)", i, max(0, i-1))),
			d1.Exec(fmt.Sprintf("create index t%04d_name on t%04[1]d (name)", i)))
	}
	for chunk := range slices.Chunk(ss, 100) {
		if _, err := s.conn.Batch(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}
