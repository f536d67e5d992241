package migrate_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

func Example() {
	dir, err := os.MkdirTemp("", "migrate")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	conn, err := local.OpenFile(filepath.Join(dir, "shop.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx := context.Background()
	for _, sql := range []string{
		"create table users (id text primary key not null, age integer)",
		"insert into users values ('ada', 36), ('grace', null)",
	} {
		if _, err := conn.Query(ctx, d1.Exec(sql)); err != nil {
			log.Fatal(err)
		}
	}
	target, err := schema.Parse([]byte(`{"name": "shop", "version": 2, "tables": {"users": {
		"id": "text primary key not null",
		"age": "integer not null default 0"}}}`))
	if err != nil {
		log.Fatal(err)
	}

	live, err := migrate.Inspect(ctx, conn)
	if err != nil {
		log.Fatal(err)
	}
	plan, err := migrate.New(live, target, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range plan.Steps {
		if !step.More {
			fmt.Printf("%s: %s\n", step.Risk, step.Cause)
		}
	}
	answers, err := plan.Ask(ctx, conn)
	if err != nil {
		log.Fatal(err)
	}
	for _, answer := range answers {
		fmt.Println(answer.N, answer.What)
	}
	if err := plan.Ready(); err != nil {
		log.Fatal(err)
	}

	attempt := migrate.Attempt{ID: "plan-1", Actor: "ada", At: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)}
	entry, err := migrate.Apply(ctx, conn, plan, attempt)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(entry.Ended, entry.Schema, entry.Version)

	r, err := conn.Query(ctx, d1.Query("select id, age from users"))
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range r.Rows {
		fmt.Println(row[0].Text(), row[1].Int())
	}
	// Output:
	// rewrite: Rebuild users: Make users.age NOT NULL; Change the default of users.age from none to 0
	// 2 rows of users that are written anew
	// 1 rows of users whose age is NULL and becomes 0
	// applied shop 2
	// ada 36
	// grace 0
}
