package views

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/web/templates/textual"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// The bodies of large tables are written by hand: a component a cell would be
// most of the time a page takes.

// consoleRows writes the rows of a result.
func consoleRows(rows [][]d1.Value) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b bytes.Buffer
		b.WriteString("<tbody>")
		for _, row := range rows {
			b.WriteString("<tr>")
			for _, v := range row {
				openCell(&b, v)
				writeValue(&b, v)
				b.WriteString("</td>")
			}
			b.WriteString("</tr>")
		}
		b.WriteString("</tbody>")
		_, err := w.Write(b.Bytes())
		return err
	})
}

// openCell begins a cell; numbers stand to the right.
func openCell(b *bytes.Buffer, v d1.Value) {
	if v.Kind() == d1.Integer || v.Kind() == d1.Real {
		b.WriteString(`<td class="num">`)
		return
	}
	b.WriteString("<td>")
}

// writeValue writes a value for the eye: NULL, empty text and a BLOB look like
// nothing else, and a long text is cut and opens in place.
func writeValue(b *bytes.Buffer, v d1.Value) {
	switch v.Kind() {
	case d1.Null:
		b.WriteString(`<span class="null">NULL</span>`)
	case d1.Blob:
		b.WriteString(`<span class="blob">BLOB ` + textual.Size(int64(v.Len())) + `</span>`)
	case d1.Text:
		if v.Len() == 0 {
			b.WriteString(`<span class="empty">empty</span>`)
			return
		}
		text, whole := cutValue(v)
		if whole {
			writeText(b, text)
			return
		}
		b.WriteString(`<details class="long"><summary>`)
		ui.WriteValue(b, text)
		b.WriteString(`…</summary>`)
		ui.WriteValue(b, strings.ToValidUTF8(v.Text()[:min(v.Len(), 100_000)], "\uFFFD"))
		if v.Len() > 100_000 {
			b.WriteString(`… <span class="muted">(100 kB of ` + textual.Size(int64(v.Len())) + `)</span>`)
		}
		b.WriteString(`</details>`)
	default:
		b.Write(v.AppendText(b.AvailableBuffer()))
	}
}

// writeText writes a text so that its line breaks, its control characters, and blanks at
// its edges, can be seen. What is selected and read by a script is the text as it is.
func writeText(b *bytes.Buffer, s string) {
	bare := strings.Trim(s, " \t")
	if len(bare) == len(s) && strings.IndexByte(s, '\n') < 0 {
		ui.WriteValue(b, s)
		return
	}
	blank := func(part string) {
		if part != "" {
			b.WriteString(`<i class="sp">` + part + `</i>`)
		}
	}
	if bare == "" {
		blank(s)
		return
	}
	at := strings.Index(s, bare)
	blank(s[:at])
	for n, line := range strings.Split(bare, "\n") {
		if n > 0 {
			b.WriteString(`<i class="nl">` + "\n</i>")
		}
		ui.WriteValue(b, line)
	}
	blank(s[at+len(bare):])
}

// columnsHint names the columns of a result without rows.
func columnsHint(columns []string) string {
	if len(columns) == 0 {
		return "."
	}
	return ", of the columns " + strings.Join(columns, ", ") + "."
}
