package ui

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/web/templates/textual"
)

// WriteValue writes a text of a database escaped, with a mark for each control character
// that nobody would see. Whoever copies it gets the text as it is: the character stands
// in its mark, and what HTML can't hold (NUL, and a CR that it would make an LF) is named
// there for the script that copies.
func WriteValue(b *bytes.Buffer, s string) {
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != 0x7f {
			continue
		}
		sign, name := textual.Control(c)
		if sign == "" {
			continue
		}
		b.WriteString(templ.EscapeString(s[from:i]))
		from = i + 1
		b.WriteString(`<i class="ctl" title="` + name + `" data-sign="` + sign + `"`)
		if c == 0 || c == '\r' {
			b.WriteString(` data-char="` + strconv.Itoa(int(c)) + `"></i>`)
		} else {
			b.WriteString(`>` + s[i:from] + `</i>`)
		}
	}
	b.WriteString(templ.EscapeString(s[from:]))
}

// Value is a text of a database, as [WriteValue] writes it.
func Value(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b bytes.Buffer
		WriteValue(&b, s)
		_, err := w.Write(b.Bytes())
		return err
	})
}

// Source is a text as it was written, which can be wider than its place: it is scrolled
// there, with the keyboard too, so it has a label. Its id may be "".
func Source(label, id, s string) templ.Component {
	named := ` tabindex="0" role="region" aria-label="` + templ.EscapeString(label) + `"`
	if id != "" {
		named += ` id="` + templ.EscapeString(id) + `"`
	}
	return pre("source", named, s)
}

// Text is a text whose long lines are broken, so that all of it is in sight.
func Text(s string) templ.Component { return pre("source wrap", "", s) }

// TextBox is [Text] that is read and copied by itself, and so can be gone to.
func TextBox(label, id, s string) templ.Component {
	return pre("source wrap", ` tabindex="0" role="region" aria-label="`+templ.EscapeString(label)+`" id="`+templ.EscapeString(id)+`"`, s)
}

func pre(class, attributes, s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b bytes.Buffer
		b.WriteString(`<pre class="` + class + `"` + attributes + ">\n") // HTML drops this line break, and no other
		WriteValue(&b, s)
		b.WriteString("</pre>")
		_, err := w.Write(b.Bytes())
		return err
	})
}
