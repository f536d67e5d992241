package browse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

func BenchmarkPage(b *testing.B) {
	c := open(b, "create table users(id integer primary key, email text, name text, role text, org int, score real, "+
		"created text, note text, flag int, city text)",
		"create index users_role on users(role)")
	exec(b, c, "insert into users "+fmt.Sprintf(numbers, 1_000_000)+
		"select i, 'user' || i || '@example.com', 'name ' || i, 'role' || (i % 5), i % 100, i * 1.5, '2024-01-01 00:00:00', "+
		"'some notes on ' || i, i % 2, 'city' || (i % 50) from n")
	cat, err := browse.Load(bg, c)
	if err != nil {
		b.Fatal(err)
	}
	at := func(sort string, row int) browse.Request { // the page after that row of the order
		req := browse.Request{Table: "users", Sort: sort}
		if row == 0 {
			return req
		}
		// A page that ends at the row, found by a filter: its cursor is the same.
		id := row
		if sort == "role" { // 200,000 rows a role
			id = (row%200_000)*5 + row/200_000
		}
		req.Filters, req.Limit = []browse.Filter{{Column: "id", Op: browse.Gte, Value: fmt.Sprint(id)}}, 1
		if sort == "role" {
			req.Filters = append(req.Filters, browse.Filter{Column: "role", Op: browse.Eq, Value: fmt.Sprint("role", row/200_000)})
		}
		p, err := browse.Fetch(bg, c, cat, req)
		if err != nil || p.Next == "" {
			b.Fatalf("no cursor: %v", err)
		}
		return browse.Request{Table: "users", Sort: sort, After: p.Next}
	}
	run := func(name string, req browse.Request) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if p, err := browse.Fetch(bg, c, cat, req); err != nil || len(p.Rows) != browse.DefaultLimit {
					b.Fatal(err, len(p.Rows))
				}
			}
		})
	}
	run("first", at("", 0))
	run("row900000", at("", 900_000))
	run("role/first", at("role", 0))
	run("role/row900000", at("role", 900_000))
	b.Run("plainSelect", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Query(bg, d1.Query("select * from users order by id limit 101")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("catalog", func(b *testing.B) {
		for b.Loop() {
			if _, err := browse.Load(bg, c); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkHugeCells(b *testing.B) {
	c := open(b, "create table big(id integer primary key, v text)")
	for range 100 {
		exec(b, c, "insert into big(v) values (?1)", d1.Str(strings.Repeat("x", 1_990_000)))
	}
	cat, err := browse.Load(bg, c)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := browse.Fetch(bg, c, cat, browse.Request{Table: "big"}); err != nil {
			b.Fatal(err)
		}
	}
}
