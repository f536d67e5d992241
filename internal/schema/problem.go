package schema

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one mistake of a schema file, with its place.
type Problem struct {
	// Line and Column are counted from 1, the column in bytes.
	Line, Column int
	// Table and Name are the table and the column or index, where there is one.
	Table, Name string
	// Msg says what is wrong and what would be right.
	Msg    string
	offset int
}

func (p Problem) String() string {
	where := p.Table
	if p.Name != "" {
		where += "." + p.Name
	}
	if where != "" {
		where += ": "
	}
	return fmt.Sprintf("line %d, column %d: %s%s", p.Line, p.Column, where, p.Msg)
}

// Problems are all mistakes of a schema file, in the file's order.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// place fills in lines and columns and sorts by them.
func (ps Problems) place(src []byte) Problems {
	for i := range ps {
		at := min(max(ps[i].offset, 0), len(src))
		before := string(src[:at])
		ps[i].Line = strings.Count(before, "\n") + 1
		ps[i].Column = at - strings.LastIndexByte(before, '\n')
	}
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].offset < ps[j].offset })
	return ps
}
