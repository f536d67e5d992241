package d1test

import (
	"encoding/json"
	"testing"
)

// FunctionList is what workerd's D1 says to each SQL function that a newer
// SQLite knows, called with one number of arguments after the other.
type FunctionList struct {
	Source string
	// Allowed functions run. Refused ones exist and answer "not authorized to
	// use function". Absent ones are "no such function".
	Allowed, Refused, Absent []string
}

// Functions returns the list, each part sorted.
func Functions(t testing.TB) FunctionList {
	t.Helper()
	var list FunctionList
	if err := json.Unmarshal(functionsJSON, &list); err != nil {
		t.Fatalf("d1test: functions.json: %v", err)
	}
	return list
}
