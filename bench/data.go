package main

import (
	"context"
	"fmt"

	"github.com/kuratchi/dashboard/internal/d1"
)

// usersTable is read and written by everything: ten columns of the usual kinds.
const usersTable = `create table users(id integer primary key, email text not null, name text, role text, org_id integer,
	score real, created_at text, note text, active integer, city text)`

// fill makes the site's table users with that many rows. They are put together
// from lists, so that they compress as the rows of people do and not as well as
// those of a counter.
func (s *site) fill(ctx context.Context, rows int) error {
	for _, sql := range []string{
		usersTable,
		`create table words as select f.key as n, f.value as first, l.value as last, c.value as city
			from json_each('["Ada","Alan","Barbara","Claude","Donald","Edsger","Frances","Grace","Hedy","Ida","John",
			  "Katherine","Leslie","Margaret","Niklaus","Ole","Radia","Shafi","Tim","Ursula"]') f
			join json_each('["Lovelace","Turing","Liskov","Shannon","Knuth","Dijkstra","Allen","Hopper","Lamarr","Rhodes",
			  "Backus","Johnson","Lamport","Hamilton","Wirth","Dahl","Perlman","Goldwasser","Berners","Franklin"]') l using (key)
			join json_each('["Amsterdam","Berlin","Copenhagen","Dublin","Edinburgh","Florence","Geneva","Helsinki","Istanbul",
			  "Jakarta","Kyoto","Lisbon","Montréal","Nairobi","Oslo","Porto","Quito","Rotterdam","Santiago","Tallinn"]') c using (key)`,
		`create unique index words_n on words(n)`,
		fmt.Sprintf(`insert into users with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
			select i, lower(a.first || '.' || b.last) || i || '@example.com', a.first || ' ' || b.last,
				case i %% 5 when 0 then 'viewer' when 1 then 'member' when 2 then 'editor' when 3 then 'admin' else 'owner' end,
				i * 7919 %% 1000, round(i * 2654435761 %% 100000 / 100.0, 2),
				strftime('%%Y-%%m-%%d %%H:%%M:%%S', 1700000000 + i * 37, 'unixepoch'),
				case when i %% 3 = 0 then 'joined by invitation ' || (i * 31 %% 9973) end, i %% 2, c.city
			from n join words a on a.n = i * 37 %% 20 join words b on b.n = i * 41 / 20 %% 20 join words c on c.n = i * 31 / 7 %% 20`, rows),
		`create index users_role on users(role)`,
		`drop table words`,
	} {
		if _, err := s.conn.Query(ctx, d1.Exec(sql)); err != nil {
			return fmt.Errorf("filling the table: %w", err)
		}
	}
	return nil
}
