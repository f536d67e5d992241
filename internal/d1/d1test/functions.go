package d1test

import (
	"encoding/json"
	"slices"
	"testing"
)

// FunctionList is what a runtime's D1 says to each SQL function that SQLite 3.54
// knows, called with one number of arguments after the other.
type FunctionList struct {
	// Allowed functions run. Refused ones exist and answer "not authorized to
	// use function". Absent ones are "no such function".
	Allowed, Refused, Absent []string
}

// Functions returns a runtime's list. The file has the older one's, each part
// sorted, and what the newest says otherwise.
func Functions(t testing.TB, rt Runtime) FunctionList {
	t.Helper()
	var file struct {
		FunctionList
		Newest FunctionList
	}
	if err := json.Unmarshal(functionsJSON, &file); err != nil {
		t.Fatalf("d1test: functions.json: %v", err)
	}
	if rt == Older {
		return file.FunctionList
	}
	moved := slices.Concat(file.Newest.Allowed, file.Newest.Refused, file.Newest.Absent)
	stays := func(names, more []string) []string {
		return append(slices.DeleteFunc(names, func(n string) bool { return slices.Contains(moved, n) }), more...)
	}
	return FunctionList{
		Allowed: stays(file.Allowed, file.Newest.Allowed),
		Refused: stays(file.Refused, file.Newest.Refused),
		Absent:  stays(file.Absent, file.Newest.Absent),
	}
}
