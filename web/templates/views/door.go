package views

// Login is the page to sign in on.
type Login struct {
	Email string
	// Next is where to go afterwards, a path of this program.
	Next string
	// Kept says that a form waits to be given back.
	Kept bool
	// Error is why the last attempt failed.
	Error string
}

// Setup is the page where the owner is made.
type Setup struct {
	Token         string
	Email         string
	EmailError    string
	PasswordError string
	Error         string
}

// Problem is the page of something that went wrong.
type Problem struct {
	Status int
	Title  string
	Text   string
	// Request is the request's id, for the log.
	Request string
	// Ref is Cloudflare's id of the request that failed, for its support, "" where
	// none did.
	Ref string
	// Backups is where the restore points are of a database that can't be reached, "" for
	// what is no database's page.
	Backups string
	// Icon tells the kinds apart at a glance.
	Icon string
	// Retry says that the same again may help.
	Retry string
	// Form is the page on which what was filled in comes back, "" where it isn't kept.
	Form string
	// Home is where to go instead, with its name.
	Home, HomeText string
}
