package d1

import "context"

// Stamp stands for the schema a database had at one moment. Two that are equal, of the
// same database and from the same process, mean the same schema. "" is none.
type Stamp string

// Stamper is a Conn that says which schema a read met, at the price of no statement. It
// is optional: D1 doesn't tell its stamp, so there the catalog is read and compared.
type Stamper interface {
	Conn
	// Stamped runs reading statements in one transaction, as Batch does, and returns
	// the stamp of the schema in that very transaction. Where want is a stamp and the
	// schema has another one by now, nothing is run: the results are nil, and the stamp
	// says what is there. No statements at all ask for the stamp alone. A statement that
	// may write is fault.Invalid.
	Stamped(ctx context.Context, want Stamp, ss []Stmt) ([]*Result, Stamp, error)
}
