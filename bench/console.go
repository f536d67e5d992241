package main

import (
	"context"
	"fmt"
	"time"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// consoleCost compares a run of the console with the same statement run bare on a
// connection of the engine, its values read and dropped.
func consoleCost(ctx context.Context, b *bench) ([]line, error) {
	file, err := b.site.file()
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(file, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	var lines []line
	for _, rows := range []int{1, 100, 1000} {
		sql := fmt.Sprintf("select * from users order by id limit %d", rows)
		run := func() error {
			rs, err := console.Run(ctx, b.site.conn, sql, "", console.Limits{Rows: 1000, Timeout: 30 * time.Second})
			if err == nil && (rs[0].Err != nil || len(rs[0].Rows) != rows) {
				err = fmt.Errorf("%d rows, %w", len(rs[0].Rows), rs[0].Err)
			}
			return err
		}
		bare := func() error {
			if err := db.Begin(ctx, sqlite.Read); err != nil {
				return err
			}
			n, _, err := readAll(db, sql)
			if err == nil && n != int64(rows) {
				err = fmt.Errorf("%d rows", n)
			}
			if end := db.End(true); err == nil {
				err = end
			}
			return err
		}
		p, err := compare(b.rounds, b.turns, run, bare)
		if err != nil {
			return nil, err
		}
		lines = append(lines, overhead(fmt.Sprintf("a SELECT of %d × 10 values : bare", rows), p)...)
	}
	return lines, nil
}

// overhead are the two lines of what we add to the engine's time.
func overhead(what string, p pair) []line {
	more, percent := p.ours-p.other, (p.ratio-1)*100
	return []line{
		{what: what, ours: duration(p.ours), other: duration(p.other), result: "+" + duration(more), goal: "≤ 1 ms",
			met: more <= time.Millisecond},
		{result: fmt.Sprintf("+%.0f %% (%.0f–%.0f)", percent, (p.low-1)*100, (p.high-1)*100), goal: "≤ 5 %", met: percent <= 5},
	}
}

// readAll reads every value of every row, and returns how many rows there were
// and the sum of the integers and of the texts' lengths.
func readAll(db *sqlite.Conn, sql string, parameters ...int64) (rows, sum int64, err error) {
	st, err := db.Prepare(sql)
	if err != nil {
		return 0, 0, err
	}
	defer st.Close()
	for i, p := range parameters {
		st.BindInt(i+1, p)
	}
	columns := 0
	for {
		row, err := st.Step()
		if err != nil || !row {
			return rows, sum, err
		}
		if rows++; rows == 1 {
			columns = len(st.Columns())
		}
		for i := range columns {
			switch st.ColumnType(i) {
			case sqlite.TypeInteger:
				sum += st.Int(i)
			case sqlite.TypeFloat:
				_ = st.Float(i)
			case sqlite.TypeText, sqlite.TypeBlob:
				sum += int64(len(st.Bytes(i)))
			}
		}
	}
}
