package live_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// BenchmarkPage reads 101 rows of a table among 40, with a reading of the database each
// time, with one that is kept, and with none at all.
func BenchmarkPage(b *testing.B) {
	one, _ := open(b, provider(b, false))
	for i := range 40 {
		exec(b, one, fmt.Sprintf("create table t%d (id integer primary key, email text not null unique, name text, "+
			"org int references t0, made text default current_timestamp)", i), fmt.Sprintf("create index t%d_org on t%d(org)", i, i))
	}
	exec(b, one, "insert into t0 (email) with recursive n(i) as (select 1 union all select i + 1 from n "+
		"where i < 1000) select i || '@example.com' from n")
	rows := d1.Query("select id, email, name, org, made from t0 order by id limit 101")
	ctx := context.Background()
	fetch := func(conn d1.Conn, db *live.Database) error {
		if _, err := db.Describe(ctx, conn, "t0"); err != nil {
			return err
		}
		_, err := conn.Query(ctx, rows)
		return err
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			db, err := live.Read(ctx, one)
			if err == nil {
				err = fetch(one, db)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kept", func(b *testing.B) {
		cache := &live.Cache{}
		for b.Loop() {
			if err := cache.Read(ctx, "shop", one, fetch); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rows", func(b *testing.B) {
		for b.Loop() {
			if _, err := one.Query(ctx, rows); err != nil {
				b.Fatal(err)
			}
		}
	})
}
