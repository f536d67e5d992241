// Package desk is what an operator does in one database: running statements, saving rows,
// allowing writes, seeing what was run. It knows who asks ([auth.Actor]) and which database
// it is ([fleet.Database]), and nothing of pages: a page, a command line and an API get the
// same answers from it.
//
//	d := desk.New(desk.Options{Log: store, Switch: store, Rows: 1000, Timeout: 30 * time.Second, ReadToken: has, Now: time.Now})
//
//	until, err := d.Allow(ctx, actor, db, true)             // this session, this database, ten minutes
//	answer, err := d.Run(ctx, actor, db, conn, desk.Script{SQL: "delete from users", Name: "r1"})
//	if err != nil {
//		return err
//	}
//	defer answer.Close()                                    // it has one of the places until then
//	if answer.Ask {                                         // nothing has run: it names what would be lost
//		script.Confirm = answer.Judgement.Token         // and is run once that is agreed to
//	}
//
//	err = d.Cancel(actor, "r1")                             // from elsewhere, while Run goes on
//	es, err := d.History(ctx, actor, db)
//	done, err := d.Save(ctx, actor, db, conn, "users", w)   // w of browse: an insert, an update, a deletion
//
// # What runs
//
// [Desk.Run] reads only, unless [Desk.Allow] lets this session write to this database. Then
// what a script would do is judged (internal/console): one that only reads is run as ever,
// one with dangers isn't until its token comes back, and any other is written.
//
// The end of ctx stops a run, and so does [Desk.Cancel]; until a write commits, all of it is
// undone. A save isn't stopped by who leaves: it is one batch, and short.
//
// # What is noted
//
// A run that reads leaves one entry in the audit log. Around every write stand two, the
// intent before it and its true outcome after it, in one function: bracket.
//
// # Limits
//
// [MaxRuns] go on at once, since each holds up to 4 MiB of values; one more waits two seconds.
// The rows, the bytes and the times of one run are those of [Desk.Limits].
package desk
