package d1

// Rows are the rows of a stream. They belong to one goroutine.
type Rows struct {
	// Columns are the names in order, duplicates kept.
	Columns []string
	next    func() ([]Value, error)
	close   func() Meta
	row     []Value
	err     error
	meta    Meta
	closed  bool
}

// NewRows is for transports: next returns a row, or nil and nil after the last;
// close is called once and returns what the statement's meta became.
func NewRows(columns []string, next func() ([]Value, error), close func() Meta) *Rows {
	return &Rows{Columns: columns, next: next, close: close}
}

// Next fetches the next row and reports whether there is one. After false, Err
// tells whether that was the end.
func (r *Rows) Next() bool {
	if r.closed || r.err != nil {
		return false
	}
	r.row, r.err = r.next()
	return r.err == nil && r.row != nil
}

// Row returns the row Next fetched. It stays valid.
func (r *Rows) Row() []Value { return r.row }

// Err returns what ended the rows early, or nil.
func (r *Rows) Err() error { return r.err }

// Meta returns the statement's meta; it is complete after Close.
func (r *Rows) Meta() Meta { return r.meta }

// Close ends the statement. It may be called more than once.
func (r *Rows) Close() error {
	if !r.closed {
		r.closed = true
		r.meta = r.close()
	}
	return nil
}
