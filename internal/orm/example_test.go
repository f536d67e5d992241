package orm_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/schema"
)

// newDatabase is an empty one of the embedded engine, and what removes it.
func newDatabase() (d1.Conn, func()) {
	dir, err := os.MkdirTemp("", "orm")
	if err != nil {
		log.Fatal(err)
	}
	conn, err := local.OpenFile(filepath.Join(dir, "shop.db"))
	if err != nil {
		log.Fatal(err)
	}
	return conn, func() { _, _ = conn.Close(), os.RemoveAll(dir) }
}

func Example() {
	conn, remove := newDatabase()
	defer remove()
	s, err := schema.Parse([]byte(`{"name": "shop", "version": 1, "tables": {"users": {
		"id": "text primary key not null",
		"role": "text not null default 'reader'",
		"score": "integer not null"}}}`))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for _, sql := range s.DDL() {
		if _, err := conn.Query(ctx, d1.Exec(sql)); err != nil {
			log.Fatal(err)
		}
	}

	users := orm.New(conn, s).Table("users")
	for id, score := range []int{7, 3, 9} {
		if err := users.Insert(ctx, orm.Values{"id": fmt.Sprint("u", id), "score": score}); err != nil {
			log.Fatal(err)
		}
	}
	changed, err := users.Where(orm.Gt("score", 5)).Update(ctx, orm.Values{"role": "editor"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("editors:", changed)

	rows, err := users.Where(orm.Eq("role", "editor")).OrderBy("-score").Limit(20).Many(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range rows {
		fmt.Println(row.Text("id"), row.Int("score"))
	}

	_, err = users.Where(orm.Eq("colour", "red")).Many(ctx)
	fmt.Println(err)
	// Output:
	// editors: 2
	// u2 9
	// u0 7
	// The table users has no column "colour".
}
