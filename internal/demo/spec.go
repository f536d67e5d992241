package demo

import (
	"math/rand/v2"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// kind is what is special about a database.
type kind uint8

const (
	usual   kind = iota
	huge         // the first one, with all the users
	drifted      // changed by hand
	failing      // its provision fails
	empty        // nobody has used it yet
)

// spec is a database that is going to be.
type spec struct {
	// index is its place in the fleet, from 0.
	index         int
	org, database string
	location      string
	// born is the version it is provisioned at, version where it ends.
	born, version int
	kind          kind
	// users is how many it gets.
	users int
	// since is when it was provisioned, then when it got to its version.
	since time.Time
}

// minDatabases is how many it takes for each kind to be there.
const minDatabases = 10

// suffixes are what the databases after an organization's first are called.
var suffixes = []string{"-org-002", "-staging", "-archive", "-eu", "-org-002", "-reports", "-sandbox"}

// plan returns the databases, each of its organization: the first ones first,
// then second ones of every other organization, then of the rest.
func plan(o Options) []spec {
	specs := make([]spec, o.Databases)
	for i := range specs {
		org, suffix := i, "-org-001"
		if extra := i - o.Organizations; extra >= 0 {
			if org = 2 * extra; org >= o.Organizations {
				org = 2*(extra-(o.Organizations+1)/2) + 1
			}
			suffix = suffixes[extra%len(suffixes)]
		}
		name := orgNames[org]
		specs[i] = spec{
			index: i, org: name, database: fleet.Slug(name) + suffix, location: location(i),
			born: newest, version: newest, users: size(i, o.Rows),
		}
	}
	specs[0].kind, specs[0].users = huge, o.Users
	deal(specs)
	return specs
}

// deal gives out what is special, the same each time, to all but the first: two
// versions behind, one behind, upgraded once and twice, and a kind each.
func deal(specs []spec) {
	n := len(specs)
	deck := rand.New(rand.NewPCG(40, 60)).Perm(n - 1)
	hand := func(count int, change func(*spec)) {
		for range count {
			change(&specs[deck[0]+1])
			deck = deck[1:]
		}
	}
	hand(max(1, n/12), func(s *spec) { s.born, s.version = newest-2, newest-2 })
	hand(max(2, n*3/20), func(s *spec) { s.born, s.version = newest-1, newest-1 })
	hand(1, func(s *spec) { s.born = newest - 2 })
	hand(max(1, n/15), func(s *spec) { s.born = newest - 1 })
	hand(1, func(s *spec) { s.kind = drifted })
	hand(1, func(s *spec) { s.kind = failing })
	hand(1, func(s *spec) { s.kind = empty })
}

// location spreads databases over D1's places and leaves some to the provider.
func location(i int) string {
	if i%5 == 4 {
		return ""
	}
	return d1.Locations[(i*5+i/7)%len(d1.Locations)].Code
}

// size makes few databases large and most small.
func size(i, most int) int {
	r := rand.New(rand.NewPCG(1, uint64(i)))
	x := r.Float64()
	return 3 + int(float64(most)*x*x*x)
}
