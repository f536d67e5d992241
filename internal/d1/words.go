package d1

import (
	"regexp"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Fail returns a refusal as a fault whose message is Words of it, begun as a sentence.
func Fail(e *Error) error {
	words := Words(e.Text)
	return fault.Wrap(e, classKinds[e.Class], "%s", sqltext.Upper(words[:1])+words[1:])
}

// Words returns what a text of the engine's means, for people: what happened, to what,
// and where it helps, what to do. It is the one way from an engine's message to a page,
// a flash, the audit log or JSON. The engine's own sentence stands in it only as
// SQLite's or Cloudflare's ("SQLite says: …"), without codes and offsets: for people
// there is a caret. It begins in lower case and ends without a full stop, so that it
// fits into a sentence.
func Words(text string) string {
	said := Said(text)
	if raised.MatchString(text) { // whatever it says
		return "a trigger of the database refuses it: " + said
	}
	for _, m := range meanings {
		at := m.said.FindStringSubmatchIndex(said)
		if at == nil {
			continue
		}
		ours := string(m.said.ExpandString(nil, m.ours, said, at))
		if m.quoted {
			ours += "; " + sqliteSays + strings.TrimPrefix(said, brokenEnd)
		}
		return ours
	}
	if foreign.MatchString(said) && !ofStatement.MatchString(text) {
		return "the engine refused it in words that mean nothing here; the log has them"
	}
	return sqliteSays + said
}

const sqliteSays = "SQLite says: "

// codeWords is what a message ends in for programs, and prefixWords what D1 begins one
// with.
var (
	codeWords   = regexp.MustCompile(`: SQLITE_[A-Z_]+( \(extended: SQLITE_[A-Z_]+\))?( \[code: \d+\])?$`)
	prefixWords = regexp.MustCompile(`^(D1_[A-Z_]+: )?(Error in line \d+: )?`)
)

// Said returns the engine's own sentence of a message, without what is for programs: what
// to go by, and nothing to show.
func Said(text string) string {
	text = strings.TrimSpace(text)
	text = text[len(prefixWords.FindString(text)):]
	if m := codeWords.FindStringIndex(text); m != nil {
		text = text[:m[0]]
	}
	if m := offsetWords.FindStringIndex(text); m != nil && m[1] == len(text) {
		text = text[:m[0]]
	}
	return text
}

var (
	// raised is the code of RAISE in a trigger, whose message is the database's own.
	raised = regexp.MustCompile(`: SQLITE_CONSTRAINT \(extended: SQLITE_CONSTRAINT_TRIGGER\)$`)
	// ofStatement is the code of what SQLite finds in a statement: its words are SQLite's
	// grammar, and names and texts of who wrote it.
	ofStatement = regexp.MustCompile(`: SQLITE_ERROR( \(extended: [A-Z_]+\))?( \[code: \d+\])?$`)
	// foreign are words of what the engine is made of or runs in, and paths of its files.
	foreign = regexp.MustCompile(`JavaScript|state\.storage|Durable Object|isolate|SQLITE_|modernc|zombiezen|\[object |(^|[\s"'(])/[\w.-]+/`)
)

// brokenEnd is what D1 says before the constraint that the end of a batch found broken.
const brokenEnd = "Durable Object was reset and rolled back to its last known good state because the application left " +
	"the database in a state where constraints were violated: "

// meaning is what a sentence of the engine's means. One that is quoted follows ours.
type meaning struct {
	said   *regexp.Regexp
	ours   string
	quoted bool
}

func means(said, ours string) meaning { return meaning{said: regexp.MustCompile(said), ours: ours} }

func quotes(said, ours string) meaning {
	return meaning{said: regexp.MustCompile(said), ours: ours, quoted: true}
}

// ofD1 begins what D1 says somewhere in a sentence of its own, in which no name and no text
// of a database stands: SQLite has those behind a colon or in quotes.
const ofD1 = `^[^:"']*`

// meanings are tried in their order. The numbers are D1's limits.
var meanings = []meaning{
	// What D1 or its transport says.
	means(`^To execute a transaction`, "BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE can't be used here: "+
		"what runs together is one transaction already. Leave the word out"),
	means(`^SQL code did not contain a statement|^No SQL statements detected`, "there is no statement in it"),
	means(`^Wrong number of parameter bindings`, "the statement has another number of parameters than there are values"),
	means(`^When executing multiple SQL statements`, "several statements in one text take no parameters; give each by itself"),
	means(`^Type '.*' not supported for value`, "a value is of a kind that can't be stored: give text, a number, NULL or a BLOB"),
	means(`^internal error; reference = (\S+)`, "Cloudflare's D1 failed inside; its support can look for the reference $1"),
	means(`^D1 DB is overloaded`, "Cloudflare says that the database is overloaded; try again in a minute"),
	means(ofD1+`exceeded its (CPU|memory) `, "it needs more than D1 gives to one statement; ask for less at once"),
	means(ofD1+`operation exceeded timeout`, "D1 took too long over it and gave up; ask for less at once"),
	means(ofD1+`(to be reset|because its code was updated|Network connection lost|transient issue)`,
		"Cloudflare's D1 was started anew meanwhile; try again in a minute"),

	// What the account's plan doesn't give. The sizes are of D1's page of limits.
	means(`^Your account has exceeded D1's free tier daily row (read|write) limit`, "the account has used up the rows that "+
		"Cloudflare's free plan lets it $1 in a day; they are counted anew at 00:00 UTC. Wait until then, or change to a paid plan"),
	means(`^Your account has exceeded D1's (.*?) limit`, "the account has used up D1's $1 limit; Cloudflare's dashboard shows what "+
		"is used. Wait until it is counted anew, or change the plan"),
	means(`^Exceeded maximum DB size`, "the database is as large as it may become, 10 GB on Cloudflare's paid plan and 500 MB on "+
		"its free one; make room in it, or change the plan"),
	means(`^Exceeded maximum account stor`, "the account's databases together are as large as they may become, 1 TB on Cloudflare's "+
		"paid plan and 5 GB on its free one; delete what isn't needed, or change the plan"),

	// What isn't allowed.
	quotes(`^not authorized to write$`, "it would change the database, and only what reads is allowed here"),
	quotes(`^access to (_cf_\w+)\.\S+ is prohibited$`, "the table $1 is D1's own, and nobody may use it"),
	quotes(`^not authorized to use function: (\S+)$`, "D1 doesn't allow the function $1"),
	quotes(`^not authorized$`, "D1 doesn't allow this statement, or a part of it"),
	quotes(`^cannot VACUUM from within a transaction$`, "D1 doesn't allow VACUUM: every run is a transaction"),
	quotes(`^table (sqlite_\w+) may not be modified$`,
		"the table $1 is SQLite's own, and nobody may change it; use CREATE, ALTER and DROP"),

	// What the rows or the tables forbid.
	quotes(`^`+regexp.QuoteMeta(brokenEnd)+`FOREIGN KEY`, "at the end of the transaction a row would point at one that isn't there"),
	quotes(`^`+regexp.QuoteMeta(brokenEnd), "at the end of the transaction the rows would break a rule of the schema"),
	quotes(`^UNIQUE constraint failed: index '(.*)'$`, "another row has the same values in the index $1, where they have to be unique"),
	quotes(`^UNIQUE constraint failed: (.*)$`, "another row has the same $1, which has to be unique"),
	quotes(`^NOT NULL constraint failed: (.*)$`, "the column $1 can't be NULL"),
	quotes(`^CHECK constraint failed: (.*)$`, "the row would break the CHECK $1"),
	quotes(`^FOREIGN KEY constraint failed$`, "a row would point at one that isn't there"),
	quotes(`^cannot store (\w+) value in (\w+) column (.*)$`, "the column $3 of a STRICT table takes $2, and the value is $1"),
	quotes(`^datatype mismatch$`, "a key that is INTEGER PRIMARY KEY takes whole numbers only"),

	// Limits.
	means(`^`+tooDeep, "its triggers and foreign keys could set off others more than 10 deep, "+
		"which is refused whatever rows it would touch; let fewer of them follow on one another"),
	quotes(`^statement too long$`, "the statement is longer than the 100,000 bytes that D1 takes; cut it into several"),
	quotes(`^string or blob too big$`, "a value, or a row, is larger than 2 MB (2,000,000 bytes), the most that D1 takes; "+
		"leave it out or cut it into parts; octet_length(…) tells its size"),
	quotes(`^too many SQL variables$`, "the statement has more than the 100 parameters that D1 takes"),
	quotes(`^too many columns in result set$`, "the result has more than the 100 columns that D1 takes; name the columns you need"),
	quotes(`^too many columns on (.*)$`, "the table $1 has more than the 100 columns that D1 takes"),
	quotes(`^too many terms in compound SELECT$`,
		"it joins more than the 5 SELECTs that D1 takes in one UNION; use a WITH or several statements"),
	quotes(`^too many arguments on function (.*)$`, "the function $1 has more than the 32 arguments that D1 takes"),
	quotes(`^Expression tree is too large`, "an expression of it is more than 100 deep; use IN (…) instead of many ORs"),
	quotes(`^LIKE or GLOB pattern too complex$`, "a pattern of LIKE or GLOB is longer than the 50 bytes that D1 takes; use instr(…)"),

	// What stops a statement, or a database.
	quotes(`^interrupted$`, "it was stopped"),
	quotes(`^database (table )?is locked`, "another program is writing to the database; try again in a moment"),
	means(`^(it needs more .*|.* has used up its ids, the last one is .*)$`, "$1"),
	means(`^(the statement contains a NUL .*|the statement is not UTF-8|one statement at a time.*)$`, "$1"),
	quotes(`^out of memory$`, "it needs more memory than there is; ask for less at once"),
	quotes(`^database or disk is full$`, "there is no room left for what would be written"),
	quotes(`^file is not a database$`, "its file holds no database: it is another kind of file, or it is encrypted"),
	quotes(`^database disk image is malformed$`, "its file is damaged"),
	quotes(`^`+unreadSchema+` \((.*?)\)`, "its schema can't be read at $1"),
	means(`^the file is (empty|gone)$`, "its file is $1"),
	quotes(`^disk I/O error$`, "the disk doesn't read or write its file"),
	quotes(`^unable to open database file$`, "its file can't be opened"),
	quotes(`^attempt to write a readonly database$`, "its file can only be read"),
}
