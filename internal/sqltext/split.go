package sqltext

import "strings"

// Statement is one statement of a text.
type Statement struct {
	// SQL is the statement without the semicolon that ends it, blanks around it
	// and comments before it.
	SQL string
	// Offset is where it starts in the text, in bytes.
	Offset int
}

// Split cuts a text into its statements, by the rules of sqlite3_complete, so
// that triggers, CASE … END, comments and quotes stay whole and a later
// statement may need an earlier one's table. It runs once over the text. What is
// only blanks and comments is no statement.
func Split(sql string) []Statement {
	var parts []Statement
	start, state := -1, stateStart
	flush := func(end int) {
		if start >= 0 {
			parts = append(parts, Statement{SQL: strings.TrimRight(sql[start:end], " \t\r\n\f\v"+Mark), Offset: start})
		}
		start, state = -1, stateStart
	}
	for t := range Code(sql) {
		if t.Is(";") && (state == stateStart || state == stateNormal || state == stateExplain || state == stateCreate || state == stateEnd) {
			flush(t.Offset)
			continue
		}
		if start < 0 {
			start = t.Offset
		}
		state = advance(state, t)
	}
	flush(len(sql))
	return parts
}

// The states of sqlite3_complete: a semicolon ends the statement except within
// a trigger's body, which ends with "; END ;".
type splitState uint8

const (
	stateStart   splitState = iota // nothing yet
	stateNormal                    // within a statement that is no trigger
	stateExplain                   // after EXPLAIN
	stateCreate                    // after CREATE, TEMP or TEMPORARY
	stateTrigger                   // within a trigger's body
	stateSemi                      // within a trigger's body, after a semicolon
	stateEnd                       // after "; END"
)

func advance(s splitState, t Token) splitState {
	switch s {
	case stateStart:
		switch {
		case t.Is("explain"):
			return stateExplain
		case t.Is("create"):
			return stateCreate
		}
		return stateNormal
	case stateExplain:
		switch {
		case t.Is("create"):
			return stateCreate
		case t.Is("explain"), t.Is("temp"), t.Is("temporary"), t.Is("trigger"), t.Is("end"):
			return stateNormal
		}
		return stateExplain // QUERY PLAN, and whatever sqlite3_complete skips there
	case stateCreate:
		switch {
		case t.Is("temp"), t.Is("temporary"):
			return stateCreate
		case t.Is("trigger"):
			return stateTrigger
		}
		return stateNormal
	case stateTrigger:
		if t.Is(";") {
			return stateSemi
		}
	case stateSemi:
		switch {
		case t.Is("end"):
			return stateEnd
		case t.Is(";"):
			return stateSemi
		}
		return stateTrigger
	case stateEnd:
		return stateTrigger
	}
	return s
}
