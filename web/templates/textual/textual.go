package textual

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Count writes a whole number with thousands apart: 1,204.
func Count[T ~int | ~int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	digits, sign := strings.TrimPrefix(s, "-"), strings.Repeat("-", len(s)-len(strings.TrimPrefix(s, "-")))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plural writes a count with its noun: "1 row", "2 rows".
func Plural[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "x") {
		return Count(n) + " " + noun + "es"
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.ContainsAny(stem[max(0, len(stem)-1):], "aeiou") {
		return Count(n) + " " + stem + "ies"
	}
	return Count(n) + " " + noun + "s"
}

// Size writes bytes, rounded: 48.2 MB.
func Size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n), []string{"kB", "MB", "GB", "TB"}
	i := -1
	for f >= 999.5 && i < len(units)-1 {
		f /= 1000
		i++
	}
	return strings.Replace(fmt.Sprintf("%.3g", f), "e+", "e", 1) + " " + units[i]
}

// Duration writes a span, rounded to what matters: 0.8 ms, 3.4 s.
func Duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < 5*time.Microsecond:
		return "< 0.01 ms"
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	case d < time.Minute:
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// Ago writes how long before now a moment was: "2 min ago".
func Ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < 10*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 48*time.Hour:
		return "yesterday"
	case d < 60*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
	return t.UTC().Format("2006-01-02")
}

// Until writes how long after now a moment is, to the nearest unit, so that seven
// days are seven a moment later too: "in 7 days".
func Until(t, now time.Time) string {
	d := t.Sub(now)
	switch {
	case d < time.Minute:
		return "any moment now"
	case d < time.Hour:
		return "in " + Plural(int(d.Minutes()+0.5), "minute")
	case d < 48*time.Hour:
		return "in " + Plural(int(d.Hours()+0.5), "hour")
	}
	return "in " + Plural(int(d.Hours()/24+0.5), "day")
}

// Name is a name as a page shows it, and whether it is one to see: "(no name)" for an
// empty one, which SQLite allows, and "(2 blanks)" for one of blanks alone.
func Name(name string) (label string, visible bool) {
	switch {
	case name == "":
		return "(no name)", false
	case strings.TrimSpace(name) == "":
		return "(" + Plural(utf8.RuneCountInString(name), "blank") + ")", false
	}
	return name, true
}

// controls are the names of what no font shows, in ASCII's order.
var controls = [...]string{
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI",
	"DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
}

// Control returns a sign for a control character, its name in ASCII, such as NUL, and what
// it is in full, "NUL (U+0000)". Unicode has signs of its own, which most fonts haven't. Both
// are "" for any other character, and for a tab and a line feed, which pages show as they
// are.
func Control(c byte) (sign, name string) {
	switch {
	case c == '\t' || c == '\n':
		return "", ""
	case int(c) < len(controls):
		return controls[c], fmt.Sprintf("%s (U+%04X)", controls[c], c)
	case c == 0x7f:
		return "DEL", "DEL (U+007F)"
	}
	return "", ""
}
