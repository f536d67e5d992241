package browse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

func TestCatalog(t *testing.T) {
	t.Parallel()
	c := open(t)
	if cat := load(t, c); len(cat.Tables) != 0 {
		t.Errorf("an empty database: %v", cat.Tables)
	}
	exec(t, c, "create table Users(id integer primary key)")
	if got, err := load(t, c).Table("uSERS"); err != nil || got.Name != "Users" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCatalogListsWhatCanBeBrowsed(t *testing.T) {
	t.Parallel()
	c := open(t,
		"create table users(id integer primary key, email text unique)", "create index users_email on users(email)",
		"create table odd(id text primary key, v generated)", "create index odd_v on odd(v)",
		"create view recent as select id, email, 1 from users", "create virtual table docs using fts5(title)", "create table kuratchi_ledger(x)",
		"create table d1_migrations(x)")
	var got []string
	cat := load(t, c)
	for _, e := range cat.Tables {
		got = append(got, fmt.Sprintf("%s, %s: %d columns, %d indexes", e.Name, e.Kind, e.Columns, e.Indexes))
		if e.Unread != "" || e.SQL == "" {
			t.Errorf("%+v", e)
		}
	}
	want := []string{
		"docs, virtual table: 3 columns, 0 indexes", "odd, table: 2 columns, 1 indexes",
		"recent, view: 3 columns, 0 indexes", "users, table: 2 columns, 1 indexes",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	exec(t, c, "create view broken as select * from gone")
	if n := len(load(t, c).Tables); n != 5 {
		t.Errorf("with a broken view there are %d tables", n)
	}
	_, err := cat.Table("docs_data")
	wantFault(t, err, fault.NotFound, "docs_data")
}

func TestStructure(t *testing.T) {
	t.Parallel()
	c := open(t,
		"create table users(id integer primary key, email text not null unique, role text default 'member' check (role <> ''), org int)",
		"create table orders(id integer primary key autoincrement, user_id int not null references users on delete cascade, a, "+
			"b, twice as (a * 2), unique(a, b))",
		"create index orders_user on orders(user_id)", "create index orders_some on orders(b) where b > 0",
		"create unique index users_org on users(org)",
		"create view recent as select * from orders",
		"create trigger users_gone after delete on users begin delete from orders where user_id = old.id; end",
		"create trigger recent_write instead of insert on recent begin select 1; end",
		"create table w(a int, b int, primary key(b, a)) without rowid, strict")
	cat := load(t, c)
	users, err := cat.Structure("users")
	if err != nil {
		t.Fatal(err)
	}
	if len(users.ReferencedBy) != 1 || users.ReferencedBy[0].From != "orders" || users.ReferencedBy[0].RefColumns[0] != "id" ||
		len(users.Triggers) != 1 || len(users.Checks) != 1 || len(users.Unique) != 1 {
		t.Errorf("%+v", users)
	}
	var got []string
	orders, _ := cat.Structure("ORDERS")
	for _, s := range []live.Structure{users, orders} {
		for _, col := range s.Columns {
			got = append(got, fmt.Sprintf("%s.%s %s pk=%t nn=%t def=%s gen=%t uq=%t ix=%t ref=%s", s.Name, col.Name, col.Type,
				col.PK, col.NotNull, col.Default, col.Generated, col.Unique, col.Indexed, col.References))
		}
	}
	want := []string{
		"users.id INTEGER pk=true nn=false def= gen=false uq=true ix=true ref=",
		"users.email TEXT pk=false nn=true def= gen=false uq=true ix=true ref=",
		"users.role TEXT pk=false nn=false def='member' gen=false uq=false ix=false ref=",
		"users.org INT pk=false nn=false def= gen=false uq=true ix=true ref=",
		"orders.id INTEGER pk=true nn=false def= gen=false uq=true ix=true ref=",
		"orders.user_id INT pk=false nn=true def= gen=false uq=false ix=true ref=users.id",
		"orders.a  pk=false nn=false def= gen=false uq=false ix=true ref=",
		"orders.b  pk=false nn=false def= gen=false uq=false ix=false ref=",
		"orders.twice  pk=false nn=false def= gen=true uq=false ix=false ref=",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !orders.Autoincrement || len(orders.Indexes) != 2 || orders.ForeignKeys[0].OnDelete != "CASCADE" ||
		orders.ForeignKeys[0].RefColumns[0] != "id" {
		t.Errorf("%+v", orders)
	}
	all := cat.Structures()
	if len(all) != 4 || all[1].Name != "recent" || all[1].Triggers[0].Name != "recent_write" || !all[3].Strict || !all[3].WithoutRowID ||
		strings.Join(all[3].PrimaryKey, ",") != "b,a" {
		t.Errorf("%+v", all)
	}
	_, err = cat.Structure("nope")
	wantFault(t, err, fault.NotFound)
}

func TestACellIsReadWhole(t *testing.T) {
	t.Parallel()
	c := open(t, "create table a(id integer primary key, v)")
	cat := load(t, c)
	key := browse.EncodeKey([]d1.Value{d1.Int(1)})
	for _, tc := range []struct {
		v              d1.Value
		typ, formatted string
	}{
		{d1.Value{}, "", ""}, {d1.Int(7), "", ""}, {d1.Str("plain"), "text/plain; charset=utf-8", ""},
		{d1.Str("7"), "text/plain; charset=utf-8", ""},
		{d1.Str("\xff"), "text/plain", ""}, {d1.Str("{not json}"), "text/plain; charset=utf-8", ""},
		{d1.Str(` {"n":12345678901234567890.10,"b":"<é\n"} `), "application/json", "{\n  \"n\": 12345678901234567890.10,\n  \"b\": \"<é\\n\"\n}"},
		{d1.Str(strings.Repeat("[", 9000) + strings.Repeat("]", 9000)), "text/plain; charset=utf-8", ""},
		{d1.BlobOf("\x89PNG\r\n\x1a\n..."), "image/png", ""}, {d1.BlobOf("\x00\x01"), "application/octet-stream", ""},
	} {
		exec(t, c, "insert or replace into a values (1, ?1)", tc.v)
		got, err := cat.CellContent(bg, c, "a", key, "v")
		if err != nil {
			t.Fatal(err)
		}
		if got.Value != tc.v || got.Type != tc.typ || got.JSON != tc.formatted || got.Column.Name != "v" {
			t.Errorf("%.40s: %q %q", tc.v.Literal(), got.Type, got.JSON)
		}
	}
	for _, bad := range [][3]string{
		{"a", browse.EncodeKey([]d1.Value{d1.Int(2)}), "v"}, {"a", browse.EncodeKey([]d1.Value{d1.Int(1), d1.Int(1)}), "v"}, {"a", "x", "v"},
		{"a", key, "w"}, {"b", key, "v"},
	} {
		_, err := cat.CellContent(bg, c, bad[0], bad[1], bad[2])
		wantFault(t, err, fault.NotFound)
	}
}
