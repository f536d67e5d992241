package d1

import (
	"context"
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
	// the same. Of a SELECT whose Columns are given D1 reads no more rows than that
	// either, in a stream too. 0 means no limit.
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
