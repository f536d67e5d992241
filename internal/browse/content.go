package browse

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
)

// maxPretty is how many bytes formatted JSON may have. Deep nesting grows by
// blanks without end; beyond this the text stays as it is.
const maxPretty = 8 << 20

// Content is one whole cell.
type Content struct {
	Column Column
	// Value is the stored value, up to D1's limit of 2 MB.
	Value d1.Value
	// Size is the bytes of a text or BLOB, 0 for what is neither.
	Size int
	// TooLarge says that the value has Size bytes, which is more than can be read; Value is
	// NULL.
	TooLarge bool
	// Type is the content type of a text or BLOB by its first bytes, "" for what
	// is neither. It is a guess for a person to read: serve nothing by it.
	Type string
	// JSON is the value indented, when it is a text that holds a JSON object or
	// array. Its numbers are as they were written.
	JSON string
}

// CellContent reads one cell of the row with that key, which is a Row.Key. A row or
// column that is gone, and a key that is none, are fault.NotFound.
func (c *Catalog) CellContent(ctx context.Context, conn d1.Conn, table, key, column string) (Content, error) {
	values, err := DecodeKey(key)
	if err != nil {
		return Content{}, err
	}
	t, err := c.table(ctx, conn, table)
	if err != nil {
		return Content{}, err
	}
	i, ok := t.Column(column)
	if !ok {
		return Content{}, fault.New(fault.NotFound, "%s has no column %.100q.", t.Name, column)
	}
	s, err := orm.Seen(nil, t.Table).Where(orm.Key(values)).Cut(orm.Whole([]int{i})).Limit(1).SelectStmt()
	if err != nil {
		return Content{}, err
	}
	result, err := conn.Query(ctx, s)
	if tooBig(err) {
		return t.largeContent(ctx, conn, values, i)
	}
	if err != nil {
		return Content{}, err
	}
	if len(result.Rows) == 0 {
		return Content{}, fault.New(fault.NotFound, "This row of %s is gone.", t.Name)
	}
	return contentOf(t.column(i), result.Rows[0][0]), nil
}

func contentOf(col Column, v d1.Value) Content {
	c := Content{Column: col, Value: v, Size: v.Len()}
	switch v.Kind() {
	case d1.Text:
		c.JSON = indentJSON(v.Text())
		c.Type = "text/plain; charset=utf-8"
		switch {
		case c.JSON != "":
			c.Type = "application/json"
		case !utf8.ValidString(v.Text()):
			c.Type = "text/plain"
		}
	case d1.Blob:
		c.Type = http.DetectContentType([]byte(v.Text()[:min(v.Len(), 512)]))
	}
	return c
}

// indentJSON returns JSON indented, "" for what is no object or array or would grow
// past maxPretty.
func indentJSON(s string) string {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[") {
		return ""
	}
	if indentedSize(s) > maxPretty || !json.Valid([]byte(s)) {
		return ""
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(s), "", "  "); err != nil {
		return ""
	}
	return b.String()
}

// indentedSize returns no less than the bytes of s once indented: every bracket and
// comma outside of strings begins a line.
func indentedSize(s string) int {
	size, depth, quoted := len(s), 0, false
	for i := 0; i < len(s) && size <= maxPretty; i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			size += 1 + 2*depth
		case c == '}' || c == ']':
			depth--
			size += 1 + 2*max(depth, 0)
		case c == ',':
			size += 1 + 2*depth
		case c == ':':
			size++
		}
	}
	return size
}
