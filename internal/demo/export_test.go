package demo

// Mails returns the forms of names in e-mail addresses.
func Mails() (first, last []string) {
	for _, n := range firstNames {
		first = append(first, n.mail)
	}
	for _, n := range lastNames {
		last = append(last, n.mail)
	}
	return first, last
}

// Planned counts the databases of a demo by where they end, and their kinds.
type Planned struct {
	Orgs, Names   map[string]int
	Ends          map[int]int
	Upgraded      int
	Drifted, Lost int
	Empty         int
}

// PlanOf returns what a demo of these options is made of.
func PlanOf(o Options) Planned {
	p := Planned{Orgs: map[string]int{}, Names: map[string]int{}, Ends: map[int]int{}}
	for _, s := range plan(o) {
		p.Orgs[s.org]++
		p.Names[s.database]++
		switch s.kind {
		case drifted:
			p.Drifted++
		case empty:
			p.Empty++
		case failing:
			p.Lost++
			continue
		}
		p.Ends[s.version]++
		if s.born < s.version {
			p.Upgraded++
		}
	}
	return p
}

// Versions returns the sources of the schema's versions.
var Versions = versions

// Newest is the newest of them.
const Newest = newest
