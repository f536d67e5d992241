package fleet

import (
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// Work is something that is done to a database as a whole and may take a while,
// or has just ended.
type Work struct {
	// Op is what is done, nil for nothing.
	Op *Operation
	// Point is when the point was kept that the database is put back to.
	Point time.Time
	By    string
	Since time.Time
	// Step says what is being done of it, and Done how much of Total, "" and 0 where
	// that isn't told.
	Step        string
	Done, Total int64
	// Ended is zero while it goes on; Error says why it failed, if it did.
	Ended time.Time
	Error string
	// Cause is the error that Error is the words of, nil for none: its kind says whether
	// anything was changed, its field what in the form would help.
	Cause error
	// Filled is what an import brought, and what it didn't.
	Filled d1.Filled
}

// Is reports whether it is, or was, that operation.
func (w Work) Is(op *Operation) bool { return w.Op == op }

// Closes says what is being done to the database while nobody can use it, "" while they can.
func (w Work) Closes() string {
	if !w.Running() {
		return ""
	}
	return w.Op.Being
}

// Running reports whether it goes on.
func (w Work) Running() bool { return w.Op != nil && w.Ended.IsZero() }

// workLifetime is how long the end of a work is remembered, for whoever looks again.
const workLifetime = time.Hour

// Work returns what is being done to a database, or what ended not long ago; its
// Op is nil for neither.
func (f *Fleet) Work(d id.Database) Work {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.works[d]
}

// trackWork notes a work while fn does it, and how it ended.
func (f *Fleet) trackWork(a auth.Actor, d Database, w Work, fn func() error) error {
	w.By, w.Since, w.Error = a.Email, f.now(), "It was cut short."
	f.noteWork(d.ID, w)
	defer func() { // also when fn panics
		w.Ended, w.Filled = f.now(), f.Work(d.ID).Filled
		f.noteWork(d.ID, w)
	}()
	err := fn()
	w.Error, w.Cause = "", err
	if err != nil {
		w.Error = fault.Message(err)
	}
	return err
}

// noteProgress notes how far a work is.
func (f *Fleet) noteProgress(d Database, step string, done, total int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w, ok := f.works[d.ID]; ok && w.Running() {
		w.Step, w.Done, w.Total = step, done, total
		f.works[d.ID] = w
	}
}

// noteFilled notes with an import under way what it brought.
func (f *Fleet) noteFilled(d Database, filled d1.Filled) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w, ok := f.works[d.ID]; ok && w.Running() {
		w.Filled = filled
		f.works[d.ID] = w
	}
}

func (f *Fleet) noteWork(d id.Database, w Work) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for other, old := range f.works {
		if !old.Running() && now.Sub(old.Ended) > workLifetime {
			delete(f.works, other)
		}
	}
	f.works[d] = w
}

// forgetFailure forgets that a try at what is settled now failed.
func (f *Fleet) forgetFailure(d id.Database, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.works[d]; w.Op != nil && w.Op.Clears == key && !w.Running() && w.Error != "" {
		delete(f.works, d)
	}
}
