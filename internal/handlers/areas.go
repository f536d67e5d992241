package handlers

// An area is the pages of one subject, with the routes that lead to them. It has nothing of
// its own beside the server's.
type (
	// door signs in and out, and makes the first owner.
	door struct{ *Server }
	// people is one's own account.
	people struct{ *Server }
	// registry lists the fleet and its organizations.
	registry struct{ *Server }
	// provisions is how databases come to be: provisioned or adopted.
	provisions struct{ *Server }
	// finder is the palette and the help.
	finder struct{ *Server }
	// tables browses tables and shows their structure.
	tables struct{ *Server }
	// rows changes the rows of a table.
	rows struct{ *Server }
	// query is the SQL console.
	query struct{ *Server }
	// plans compares, reviews and applies migrations.
	plans struct{ *Server }
	// schemas is the named schemas and their versions.
	schemas struct{ *Server }
	// backups is restore points.
	backups struct{ *Server }
	// settings is what is done to a database as a whole.
	settings struct{ *Server }
	// auditlog is the audit log.
	auditlog struct{ *Server }
	// install is the installation: its Cloudflare account, and whether it serves.
	install struct{ *Server }
)
