// Package demo fills a dashboard with a fleet to look around in.
//
// # What it makes
//
// Organizations with their databases, at three versions of the schema
// organization: the two that come with the program and a third one, derived
// here. Most databases are at the newest version, some one and some two behind.
// The first one has very many users. One was changed by hand, behind the
// dashboard's back; the provision of one failed; one is still empty; three have
// plans that wait or were rejected, a few got where they are by a plan.
//
// # How
//
// All of it goes the way an operator's wishes go, through [fleet.Fleet], so the
// audit log, the steps and the ledgers tell of it. What is made up is made from
// fixed seeds: two demos differ by their dates only, which lie around the day
// they are made. The fleet's clock is a [Clock], which [Fill] turns back, so
// that databases aren't all of the same minute.
//
//	clock := demo.NewClock(now)
//	f := fleet.New(store, fleet.EmbeddedOnly{Engine: engine}, log, clock.Now)
//	err := demo.Fill(ctx, f, provider, clock, demo.Full(), report)
//
// The fleet must be empty. After an error it is half full: throw it away.
package demo
