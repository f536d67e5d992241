package textual_test

import (
	"testing"
	"time"

	"github.com/kuratchi/dashboard/web/templates/textual"
)

func TestPeopleReadIt(t *testing.T) {
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for _, c := range [][2]string{
		{textual.Count(0), "0"}, {textual.Count(999), "999"}, {textual.Count(1204), "1,204"}, {textual.Count(-1234567), "-1,234,567"},
		{textual.Plural(1, "row"), "1 row"}, {textual.Plural(1204, "row"), "1,204 rows"},
		{textual.Plural(2, "index"), "2 indexes"}, {textual.Plural(0, "entry"), "0 entries"}, {textual.Plural(6, "day"), "6 days"},
		{textual.Size(0), "0 B"}, {textual.Size(999), "999 B"}, {textual.Size(48_200_000), "48.2 MB"},
		{textual.Size(999_900), "1 MB"}, {textual.Size(2_100_000_000), "2.1 GB"},
		{textual.Duration(0), "–"}, {textual.Duration(800 * time.Microsecond), "0.80 ms"},
		{textual.Duration(3400 * time.Millisecond), "3.4 s"}, {textual.Duration(90 * time.Second), "1m30s"},
		{textual.Ago(now.Add(-time.Second), now), "just now"}, {textual.Ago(now.Add(-2*time.Minute), now), "2 min ago"},
		{textual.Ago(now.Add(-25*time.Hour), now), "yesterday"},
		{textual.Until(now.Add(7*24*time.Hour-time.Second), now), "in 7 days"},
		{textual.Until(now.Add(6*24*time.Hour+time.Hour), now), "in 6 days"},
		{textual.Until(now.Add(24*time.Hour-time.Second), now), "in 24 hours"},
		{textual.Until(now.Add(90*time.Second), now), "in 2 minutes"}, {textual.Until(now, now), "any moment now"},
		{textual.Ago(time.Time{}, now), "never"}, {textual.Ago(now.AddDate(-1, 0, 0), now), "2025-11-23"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}

func TestControlCharactersHaveSigns(t *testing.T) {
	for c, want := range map[byte][2]string{
		0: {"NUL", "NUL (U+0000)"}, '\r': {"CR", "CR (U+000D)"}, 0x1b: {"ESC", "ESC (U+001B)"}, 0x1f: {"US", "US (U+001F)"},
		0x7f: {"DEL", "DEL (U+007F)"}, '\t': {}, '\n': {}, ' ': {}, 'a': {}, 0xff: {},
	} {
		if sign, name := textual.Control(c); sign != want[0] || name != want[1] {
			t.Errorf("%q is %q, %q, want %q", c, sign, name, want)
		}
	}
}
