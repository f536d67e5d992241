package d1

import (
	"context"
	"io"
	"time"
)

// Point is a moment a database can be put back to: on the embedded engine a copy
// of its file, on D1 a Time Travel bookmark.
type Point struct {
	// ID is the provider's own name for it.
	ID string
	At time.Time
	// Size is how many bytes keeping it takes, 0 where it takes none.
	Size int64
	// Damage says what of the database was found damaged when it was kept, in words, ""
	// where nothing was. Such a point holds the file as it was, and isn't put back.
	Damage string
}

// Keeper is the states of an account's databases: it keeps them, puts a database
// back to one, and carries one elsewhere as a file. It is safe for concurrent use.
type Keeper interface {
	// Keep makes a point of the database as it is now. Reading and writing go on
	// meanwhile. That of a damaged one has its Damage.
	Keep(ctx context.Context, id string) (Point, error)
	// PointAt returns the state of the database at a time: on D1 its bookmark, on
	// the embedded engine the newest kept point that isn't younger, else
	// fault.NotFound.
	PointAt(ctx context.Context, id string, t time.Time) (Point, error)
	// Restore puts a database back to a point, its own or one of a database that
	// was deleted: whole or not at all. Every write since the point is undone;
	// keep another point first to undo that. A point that isn't there is
	// fault.NotFound, and a damaged one fault.Invalid before anything is changed. On D1
	// the last state of a deleted database goes into an empty one only, else it is
	// fault.Conflict.
	Restore(ctx context.Context, id, point string) error
	// Points returns the points of a database, one that is gone too, the newest
	// first. D1's bookmarks can't be listed: what it keeps are all moments, see
	// PointAt.
	Points(ctx context.Context, id string) ([]Point, error)
	// Retire removes a database for good and keeps its last state as a point: no
	// write that was answered is missing from it. D1 can't lock a database: a
	// write between the last look at it and its removal would be missing. A damaged file
	// is kept as it is.
	Retire(ctx context.Context, id string) (Point, error)
	// Forget gives a point up; one that isn't there is no error.
	Forget(ctx context.Context, point string) error
	// Copy returns the database, or a point of it, as an SQLite file. The caller
	// must Close it. D1 gives copies only of now: an earlier moment is
	// fault.Invalid there, and a large database that is written to all the time
	// fault.Conflict.
	Copy(ctx context.Context, id, point string) (File, error)
	// Fill gives an empty database the content of an SQLite file, so that a
	// database can move from one provider to another: tables, rows, indexes,
	// views and triggers, whole or not at all. One that holds something already is
	// fault.Conflict, and what a provider can't take is fault.Invalid, before
	// anything is written.
	Fill(ctx context.Context, id string, in FillInput) (Filled, error)
}

// FillInput is a file that fills a database.
type FillInput struct {
	// Path is the SQLite file. A log beside it, called like it with -wal at the end, is
	// read with it.
	Path string
	// LeaveOut leaves out what D1 can't have, and what needs that. Without it such a
	// file is fault.Invalid.
	LeaveOut bool
}

// Filled is what a fill brought, and what it didn't.
type Filled struct {
	Tables int
	Rows   int64
	// LeftOut names what was left out, a sentence each: the object, the reason, and the
	// rows that went with it.
	LeftOut []string
	// Notes are what else somebody should know, a sentence each: rows that break a
	// constraint and came as they are, values that were computed anew.
	Notes []string
}

// File is an SQLite file that is read once.
type File interface {
	io.ReadCloser
	// Size is in bytes.
	Size() int64
	// Name is its path on this machine, until Close.
	Name() string
}
