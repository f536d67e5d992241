package schema

func (r *sqlReader) references(t *Table, columns []string) error {
	table, err := r.name()
	if err != nil {
		return err
	}
	fk := ForeignKey{Columns: columns, Table: table}
	if r.peek().Is("(") {
		if fk.RefColumns, err = r.names(); err != nil {
			return err
		}
	}
	for {
		switch {
		case r.accept("on", "delete"):
			fk.OnDelete, err = r.action()
		case r.accept("on", "update"):
			fk.OnUpdate, err = r.action()
		case r.accept("on", "insert"): // likewise
			_, err = r.action()
		case r.accept("match"):
			_, err = r.name() // SQLite parses MATCH and ignores it
		case r.accept("not", "deferrable"): // the last one counts
			r.initially()
			fk.Deferred = false
		case r.accept("deferrable"):
			fk.Deferred = r.initially()
		default:
			t.ForeignKeys = append(t.ForeignKeys, fk)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// initially reads INITIALLY and its word, and reports whether that is DEFERRED.
func (r *sqlReader) initially() bool {
	if r.accept("initially", "deferred") {
		return true
	}
	r.accept("initially", "immediate")
	return false
}

// deferLast is for a DEFERRABLE apart from its REFERENCES: it is the last one's.
func (t *Table) deferLast(deferred bool) error {
	if n := len(t.ForeignKeys); n > 0 {
		t.ForeignKeys[n-1].Deferred = deferred
	}
	return nil
}

func (r *sqlReader) action() (string, error) {
	switch {
	case r.accept("cascade"):
		return "CASCADE", nil
	case r.accept("restrict"):
		return "RESTRICT", nil
	case r.accept("set", "null"):
		return "SET NULL", nil
	case r.accept("set", "default"):
		return "SET DEFAULT", nil
	case r.accept("no", "action"):
		return "", nil
	}
	return "", r.fail("an action")
}
