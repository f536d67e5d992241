package config

import (
	"fmt"
	"io"
	"strings"
)

// writeUsage writes the text of --help: the flags, then what only the
// environment can set. A failed write is nobody's to report.
func writeUsage(w io.Writer, all []setting) {
	var b strings.Builder
	b.WriteString("Usage: dashboard [flags] [command]\n\nFlags come before the command.\n\nFlags:\n")
	for _, s := range all {
		if s.flag != "" {
			writeSetting(&b, "--"+s.flag, s)
		}
	}
	b.WriteString("\nFrom the environment only; the first name that is set wins:\n")
	for _, s := range all {
		if s.flag == "" {
			writeSetting(&b, strings.Join(s.env, ", "), s)
		}
	}
	_, _ = io.WriteString(w, b.String())
}

// writeSetting writes a setting under the heading it has in its list.
func writeSetting(b *strings.Builder, heading string, s setting) {
	fmt.Fprintf(b, "  %s\n      %s\n", heading, s.help)
	var notes []string
	if s.flag != "" {
		notes = append(notes, "environment: "+strings.Join(s.env, ", "))
	}
	if s.def != "" {
		notes = append(notes, "default: "+s.def)
	}
	if len(notes) > 0 {
		fmt.Fprintf(b, "      (%s)\n", strings.Join(notes, "; "))
	}
}
