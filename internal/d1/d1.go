package d1

import (
	"context"
	"io"
	"time"
)

// Mode says what a statement may do.
type Mode uint8

const (
	// Read refuses every statement that could write. It is the zero value.
	Read Mode = iota
	// Write allows what D1 allows.
	Write
)

// Stmt is one SQL statement.
type Stmt struct {
	SQL  string
	Args []Value
	Mode Mode
	// Columns names the result's columns, when the caller knows how many a SELECT
	// or VALUES has. A transport that can't see storage classes then asks so that
	// every value comes back exactly; the embedded engine needs no help. Another
	// number of columns than the statement has is an error there. nil means
	// unknown: the plain answer is read as well as it can be.
	Columns []string
	// MaxRow is the most bytes of texts and BLOBs one row may have; a larger one
	// ends a stream, or a batch and its transaction, as fault.Invalid before it is
	// copied. Over REST the transaction has ended by then: a batch that may write
	// is cut there instead, see Result.Cut. 0 means no limit.
	MaxRow int
	// MaxRows and MaxBytes end the rows of a statement in a batch early, where the
	// transport can; Result.Cut tells it. What the statement changes it changes all
	// the same. 0 means no limit.
	MaxRows, MaxBytes int
}

// Query returns a read of that SQL.
func Query(sql string, args ...Value) Stmt { return Stmt{SQL: sql, Args: args} }

// Exec returns a write of that SQL.
func Exec(sql string, args ...Value) Stmt { return Stmt{SQL: sql, Args: args, Mode: Write} }

// Result is what one statement gave back.
type Result struct {
	// Columns are the names in order, duplicates kept. They are there even
	// without rows; a statement that can't return rows has none.
	Columns []string
	Rows    [][]Value
	// Cut says that there are more rows than Stmt.MaxRows or Stmt.MaxBytes let through.
	Cut  bool
	Meta Meta
}

// Meta is what the engine says about one statement.
type Meta struct {
	// Changes counts the rows inserted, updated and deleted, cascades included.
	Changes int64
	// LastRowID is connection state: a SELECT repeats the last one.
	LastRowID int64
	// Duration is the time inside the engine, without the network.
	Duration time.Duration
	// SizeAfter is the database's size in bytes, 0 where it isn't told.
	SizeAfter int64
	// RowsRead and RowsWritten are D1's own counters, 0 on the embedded engine.
	RowsRead, RowsWritten int64
}

// Conn is an open database. It is safe for concurrent use.
type Conn interface {
	// Query runs one statement in a transaction of its own and returns all of
	// its rows.
	Query(ctx context.Context, s Stmt) (*Result, error)
	// Batch runs the statements in one transaction, in order: all of them or
	// none. Foreign keys deferred by the batch are checked at its end. An empty
	// batch does nothing.
	Batch(ctx context.Context, ss []Stmt) ([]*Result, error)
	// Stream runs one reading statement and hands its rows out as they come.
	// The caller must Close the rows. A write is refused.
	Stream(ctx context.Context, s Stmt) (*Rows, error)
	// Close gives the handle back. The database goes on existing.
	Close() error
}

// Info is what a provider knows of one database.
type Info struct {
	// ID is the provider's own id; on D1 a uuid.
	ID string
	// Name is unique within the provider.
	Name      string
	Location  string
	CreatedAt time.Time
	// Size is in bytes, -1 where a list doesn't tell it.
	Size int64
	// Tables is how many tables there are, -1 where it isn't told.
	Tables int
	// Region is where the primary runs, in D1's words such as "WEUR"; "" where it
	// isn't told.
	Region string
	// Jurisdiction is one of Jurisdictions, or "".
	Jurisdiction string
	// Replication is "auto", "disabled", or "" where it isn't told.
	Replication string
}

// CreateInput is what a new database is made from.
type CreateInput struct {
	// Name must match NameRule.
	Name string
	// Location is one of Locations, or "" for the provider's choice. It is a
	// hint, and the embedded engine only records it.
	Location string
	// Jurisdiction is one of Jurisdictions, or "" for none. It wins over Location.
	// The embedded engine ignores it.
	Jurisdiction string
	// Replication is "auto", "disabled", or "" for the provider's choice. The
	// embedded engine ignores it.
	Replication string
}

// Replicator is a Provider whose databases can have read replicas.
type Replicator interface {
	// SetReplication sets the mode, "auto" or "disabled", and returns what the
	// database is then. Switching off takes some hours to reach every replica.
	SetReplication(ctx context.Context, id, mode string) (Info, error)
}

// Point is a moment a database can be put back to: on the embedded engine a copy
// of its file, on D1 a Time Travel bookmark.
type Point struct {
	// ID is the provider's own name for it.
	ID string
	At time.Time
	// Size is how many bytes keeping it takes, 0 where it takes none.
	Size int64
}

// Provider is the account databases live in. It is safe for concurrent use.
type Provider interface {
	// Create makes an empty database and returns it. A name that is taken is a
	// fault.Conflict.
	Create(ctx context.Context, in CreateInput) (Info, error)
	// Get returns the database with that id, or fault.NotFound.
	Get(ctx context.Context, id string) (Info, error)
	// Find returns the database with exactly that name, or fault.NotFound.
	Find(ctx context.Context, name string) (Info, error)
	// List returns every database, by name.
	List(ctx context.Context) ([]Info, error)
	// Delete removes a database for good; its points stay. An id that isn't there
	// is fault.NotFound.
	Delete(ctx context.Context, id string) error
	// Open returns a handle on the database with that id. Whether it exists may
	// show only at the first statement.
	Open(ctx context.Context, id string) (Conn, error)
	// Visit is Open for one short look: nothing stays open after Close, so that
	// looking at a whole fleet doesn't crowd out the databases in use.
	Visit(ctx context.Context, id string) (Conn, error)

	// Keep makes a point of the database as it is now. Reading and writing go on
	// meanwhile.
	Keep(ctx context.Context, id string) (Point, error)
	// PointAt returns the state of the database at a time: on D1 its bookmark, on
	// the embedded engine the newest kept point that isn't younger, else
	// fault.NotFound.
	PointAt(ctx context.Context, id string, t time.Time) (Point, error)
	// Restore puts a database back to a point, its own or one of a database that
	// was deleted: whole or not at all. Every write since the point is undone;
	// keep another point first to undo that. A point that isn't there is
	// fault.NotFound. On D1 the last state of a deleted database goes into an
	// empty one only, else it is fault.Conflict.
	Restore(ctx context.Context, id, point string) error
	// Points returns the points of a database, one that is gone too, the newest
	// first. D1's bookmarks can't be listed: what it keeps are all moments, see
	// PointAt.
	Points(ctx context.Context, id string) ([]Point, error)
	// Retire removes a database for good and keeps its last state as a point: no
	// write that was answered is missing from it. D1 can't lock a database: a
	// write between the last look at it and its removal would be missing.
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
	// views and triggers. One that holds something already is fault.Conflict, and
	// what a provider can't take is fault.Invalid, before anything is written.
	Fill(ctx context.Context, id, path string) error
}

// File is an SQLite file that is read once.
type File interface {
	io.ReadCloser
	// Size is in bytes.
	Size() int64
	// Name is its path on this machine, until Close.
	Name() string
}

// Locations are D1's location hints with what they mean.
var Locations = []struct{ Code, Name string }{
	{"wnam", "Western North America"}, {"enam", "Eastern North America"}, {"weur", "Western Europe"},
	{"eeur", "Eastern Europe"}, {"apac", "Asia-Pacific"}, {"oc", "Oceania"},
}

// Jurisdictions are where D1 promises to keep a database, with what they mean.
var Jurisdictions = []struct{ Code, Name string }{
	{"eu", "European Union"}, {"fedramp", "FedRAMP"}, {"us", "United States"},
}

// D1's limits: documented on developers.cloudflare.com/d1/platform/limits, or
// where that is silent, what workerd enforces. Where the two differ, the
// smaller one, so that what passes here passes there.
const (
	MaxColumns       = 100       // of a table, of a result
	MaxParams        = 100       // of a statement
	MaxStatement     = 100_000   // bytes
	MaxValue         = 2_000_000 // bytes of a string, a BLOB or a row
	MaxPattern       = 50        // bytes of a LIKE or GLOB pattern
	MaxFunctionArgs  = 32
	MaxCompoundTerms = 5
	MaxExprDepth     = 100
	MaxDuration      = 30 * time.Second
)
