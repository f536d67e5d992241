package browse_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

func Example() {
	dir, err := os.MkdirTemp("", "browse")
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
		"create table users (id text primary key, age integer)",
		"insert into users values ('ada', 36), ('grace', null), ('joan', 36), ('mary', 51)",
	} {
		if _, err := conn.Query(ctx, d1.Exec(sql)); err != nil {
			log.Fatal(err)
		}
	}

	cat, err := browse.Load(ctx, conn)
	if err != nil {
		log.Fatal(err)
	}
	req := browse.Request{Table: "users", Sort: "-age", Limit: 3}
	for {
		page, err := browse.Fetch(ctx, conn, cat, req)
		if err != nil {
			log.Fatal(err)
		}
		for _, row := range page.Rows {
			fmt.Println(row.Cells[0].Value.Text(), row.Cells[1].Value.Literal())
		}
		if !page.HasNext {
			break
		}
		fmt.Println("next page")
		req.After = page.Next
	}
	// Output:
	// mary 51
	// joan 36
	// ada 36
	// next page
	// grace NULL
}
