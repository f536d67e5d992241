package live

// Entry is a table, view or virtual table as the catalog lists it.
type Entry struct {
	Name string
	// Kind is one of KindTable, KindView and KindVirtual.
	Kind string
	// Columns counts the columns, a virtual table's hidden ones too. It is 0
	// where it isn't known: for a view that is broken, and with such a view
	// around for others, because SQLite then gives up counting.
	Columns int
	// Indexes counts what CREATE INDEX made.
	Indexes int
	// SQL is the CREATE text.
	SQL string
	// Unread says why the CREATE text could not be understood, "" when it was.
	// Such a table can be browsed all the same.
	Unread string
	// WithoutRowID and Strict are the table's options.
	WithoutRowID, Strict bool
}

func kindOf(listed, master string) string {
	switch {
	case listed == "virtual":
		return KindVirtual
	case master == "view":
		return KindView
	}
	return KindTable
}
