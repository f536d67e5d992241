package main

import (
	"strings"
	"testing"
)

// TestAStartNotesThatTheClockJumped: a start that comes long after what was noted last, or
// before, says so in the log and in the audit log, once; the next one knows of it.
func TestAStartNotesThatTheClockJumped(t *testing.T) {
	const jumps = "select count(*) from audit where action = 'clock.jump'"
	dir := t.TempDir()
	restart := func() string {
		_, out, stop := serving(t, dir)
		if code := stop(); code != exitOK {
			t.Fatalf("stopped with %d: %s", code, out)
		}
		return out.String()
	}
	for range 2 {
		if out := restart(); strings.Contains(out, "the clock jumped") || control(t, dir, jumps) != "0" {
			t.Errorf("of a start on a new folder, or just after another: %s", out)
		}
	}
	control(t, dir, "update audit set at = at - 8 * 86400000")
	if out := restart(); strings.Count(out, "the clock jumped") != 1 || !strings.Contains(out, "by=192h0m") || control(t, dir, jumps) != "1" {
		t.Errorf("after eight days: %s", out)
	}
	if out := restart(); strings.Contains(out, "the clock jumped") || control(t, dir, jumps) != "1" {
		t.Errorf("just after that: %s", out)
	}
	control(t, dir, "update audit set at = at + 86400000")
	if out := restart(); strings.Count(out, "the clock jumped") != 1 || control(t, dir, jumps) != "2" {
		t.Errorf("before what was noted last: %s", out)
	}
	got := control(t, dir, "select detail from audit where action = 'clock.jump' order by rowid desc limit 1")
	if !strings.Contains(got, "the clock was put back by 2") || !strings.Contains(got, "nothing is removed for its age") {
		t.Errorf("noted: %s", got)
	}
}
