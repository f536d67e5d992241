package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// filler makes up the rows of one database. What others refer to is kept in
// lists, parents before children.
type filler struct {
	*rand.Rand
	w    *writer
	spec spec
	// now is when the demo is made, start when the first row could have been.
	now, start time.Time
	// domain is the organization's, orgID what its rows call it.
	domain, orgID string

	people func(i int) person
	// made is called with the number of users made so far.
	made func(users int)

	users                            []user
	sites, forms, segments, contacts []string
}

// user is what other rows need of a user.
type user struct {
	id, name, email string
	since, seen     time.Time
}

// reportUsers is how many users of the first database a line of progress is
// about.
const reportUsers = 60_000

// mostUsers is how many users have something else in the database too.
const mostUsers = 2_500

// fill makes up all rows of a database.
func (d *demo) fill(ctx context.Context, s spec) error {
	info, err := d.provider.Find(ctx, s.database)
	if err != nil {
		return err
	}
	return d.within(ctx, info.ID, func(conn d1.Conn) error {
		g := &filler{
			Rand: rand.New(rand.NewPCG(7, uint64(s.index))), spec: s, now: d.end, //nolint:gosec // an index
			domain: fleet.Slug(s.org) + ".example",
			w:      &writer{ctx: ctx, conn: conn, version: s.version},
			made:   func(int) {},
			people: func(i int) person { return personOf(d.people[(s.index*8_191+i)%len(d.people)]) },
		}
		g.start = s.since.AddDate(0, 0, -60-g.IntN(700))
		g.orgID = g.id("org", g.start)
		if s.kind != huge {
			return g.everything()
		}
		// An index made of rows that are there costs a fraction of one that grows
		// with them.
		return withoutIndexes(ctx, conn, "users", func() error {
			g.made = func(users int) {
				if users%reportUsers == 0 {
					d.report("%s of %s users in %s", thousands(users), thousands(s.users), s.database)
				}
			}
			return g.everything()
		})
	})
}

func (g *filler) everything() error {
	g.accounts()
	g.web()
	g.mail()
	if sellsVehicles.MatchString(g.spec.org) {
		g.catalog()
	}
	return g.w.flush()
}

// withoutIndexes runs f while a table's indexes are away, those of its
// constraints apart.
func withoutIndexes(ctx context.Context, conn d1.Conn, table string, f func() error) error {
	db, err := live.Read(ctx, conn)
	if err != nil {
		return err
	}
	var drop, create []d1.Stmt
	for _, row := range db.Rows {
		if row.Type == "index" && sqltext.Same(row.Table, table) {
			drop = append(drop, d1.Exec("DROP INDEX "+sqltext.Quote(row.Name)))
			create = append(create, d1.Exec(row.SQL))
		}
	}
	if _, err := conn.Batch(ctx, drop); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	_, err = conn.Batch(ctx, create)
	return err
}

const idLetters = "0123456789abcdefghjkmnpqrstvwxyz"

// id returns a new id whose order is that of its time.
func (g *filler) id(prefix string, at time.Time) string {
	var b [20]byte
	for i, ms := 8, uint64(at.UnixMilli()); i >= 0; i, ms = i-1, ms>>5 { //nolint:gosec // after 1970
		b[i] = idLetters[ms&31]
	}
	for i, r := 9, g.Uint64(); i < len(b); i, r = i+1, r>>5 {
		b[i] = idLetters[r&31]
	}
	return prefix + "_" + string(b[:])
}

// hex returns n random hexadecimal digits.
func (g *filler) hex(n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%016x", g.Uint64())
	}
	return b.String()[:n]
}

// chance is true in so many of a hundred cases.
func (g *filler) chance(percent int) bool { return g.IntN(100) < percent }

// often returns v in so many of a hundred cases, else NULL.
func (g *filler) often(percent int, v any) any {
	if g.chance(percent) {
		return v
	}
	return nil
}

// pick returns one of the choices; one that is given more often comes more often.
func pick[T any](g *filler, choices ...T) T { return choices[g.IntN(len(choices))] }

// between returns a time from a on, before b.
func (g *filler) between(a, b time.Time) time.Time {
	if !b.After(a) {
		return a
	}
	return a.Add(time.Duration(g.Int64N(int64(b.Sub(a))))).Truncate(time.Millisecond)
}

// after returns a time that soon after another one, though not in the future.
func (g *filler) after(at time.Time, most time.Duration) time.Time {
	end := at.Add(most)
	if end.After(g.now) {
		end = g.now
	}
	return g.between(at, end)
}

// lately returns a time since a, rather a recent one.
func (g *filler) lately(a time.Time) time.Time {
	x := g.Float64()
	return g.now.Add(-time.Duration(x * x * float64(g.now.Sub(a)))).Truncate(time.Millisecond)
}

// fixed, as the parameter of [filler.stamps], is a row that was never changed.
const fixed = 0

// stamps are updated_at, created_at and deleted_at of a row; of a hundred, so
// many were changed since.
func (g *filler) stamps(at time.Time, changed int) (updated, created, deleted any) {
	updated = moment(at)
	if g.chance(changed) {
		updated = moment(g.between(at, g.now))
	}
	if changed != fixed && g.chance(2) {
		deleted = moment(g.between(at, g.now))
	}
	return updated, moment(at), deleted
}

// object returns JSON.
func object(v any) string {
	b, _ := json.Marshal(v) // of maps, lists and texts
	return string(b)
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// several returns a number that goes by the users: one for so many, within
// limits.
func (g *filler) several(users, least, most int) int {
	return max(least, min(most, len(g.users)/users+g.IntN(2)))
}
