package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// line is a line of the table.
type line struct {
	what string
	// ours and other are the two sides; other is "" for what has none.
	ours, other string
	// result is what is compared with the goal.
	result string
	// goal is "" for what is only told.
	goal string
	met  bool
}

// mark says whether the goal was reached.
func (l line) mark() string {
	switch {
	case l.goal == "":
		return ""
	case l.met:
		return "met"
	}
	return "missed"
}

// ratio is a line that compares two sides. A goal of 0 is none.
func ratio(what string, p pair, goal float64) line {
	l := line{
		what: what, ours: duration(p.ours), other: duration(p.other),
		result: fmt.Sprintf("%.2f × (%.2f–%.2f)", p.ratio, p.low, p.high),
	}
	if goal > 0 {
		l.goal, l.met = fmt.Sprintf("≤ %g ×", goal), p.ratio <= goal
	}
	return l
}

// atMost is a line for a quantity that has no other side.
func atMost(what string, got, goal float64, unit string) line {
	format := "%.1f %s"
	return line{what: what, result: fmt.Sprintf(format, got, unit), goal: fmt.Sprintf("≤ %g %s", goal, unit), met: got <= goal}
}

// duration writes a time with three digits or so.
func duration(d time.Duration) string {
	switch {
	case d >= 100*time.Second || d < 10*time.Microsecond:
		return d.Round(10 * time.Nanosecond).String()
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.3f ms", milliseconds(d))
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func summary(lines []line) string {
	met, goals := 0, 0
	for _, l := range lines {
		if l.goal != "" {
			goals++
			if l.met {
				met++
			}
		}
	}
	return fmt.Sprintf("%d of %d goals met", met, goals)
}

// printLines writes lines as columns.
func printLines(w io.Writer, lines []line) {
	rows := [][]string{{"", "ours", "other side", "result", "goal", ""}}
	for _, l := range lines {
		rows = append(rows, []string{l.what, l.ours, l.other, l.result, l.goal, l.mark()})
	}
	widths := []int{66, 11, 11, 20, 9, 0} // at least, so that the parts' columns agree
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		_, _ = fmt.Fprintln(w, "  "+strings.TrimRight(b.String(), " "))
	}
}
