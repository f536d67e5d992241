package fleet

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// withProgress is a context whose long calls note their progress with the database's work.
func (h *Holds) withProgress(ctx context.Context, d Database) context.Context {
	return d1.WithProgress(ctx, func(step string, done, total int64) { h.noteProgress(d, step, done, total) })
}

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
func (h *Holds) Work(d id.Database) Work {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.works[d]
}

// trackWork notes a work while fn does it, and how it ended.
func (h *Holds) trackWork(a auth.Actor, d Database, w Work, fn func() error) error {
	w.By, w.Since, w.Error = a.Email, h.now(), "It was cut short."
	h.noteWork(d.ID, w)
	defer func() { // also when fn panics
		w.Ended, w.Filled = h.now(), h.Work(d.ID).Filled
		h.noteWork(d.ID, w)
	}()
	err := fn()
	w.Error, w.Cause = "", err
	if err != nil {
		w.Error = fault.Message(err)
	}
	return err
}

// noteProgress notes how far a work is.
func (h *Holds) noteProgress(d Database, step string, done, total int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w, ok := h.works[d.ID]; ok && w.Running() {
		w.Step, w.Done, w.Total = step, done, total
		h.works[d.ID] = w
	}
}

// NoteFilled notes with an import under way what it brought.
func (h *Holds) NoteFilled(d Database, filled d1.Filled) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w, ok := h.works[d.ID]; ok && w.Running() {
		w.Filled = filled
		h.works[d.ID] = w
	}
}

func (h *Holds) noteWork(d id.Database, w Work) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	for other, old := range h.works {
		if !old.Running() && now.Sub(old.Ended) > workLifetime {
			delete(h.works, other)
		}
	}
	h.works[d] = w
}

// forgetFailure forgets that a try at what is settled now failed.
func (h *Holds) forgetFailure(d id.Database, key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.works[d]; w.Op != nil && w.Op.Clears == key && !w.Running() && w.Error != "" {
		delete(h.works, d)
	}
}
