package front

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// What is checked of a long body is JSON of the same shape, with the beginning of each
// list; a short one is checked whole.
func TestALongBodyIsCheckedInItsShape(t *testing.T) {
	t.Parallel()
	row := `[1,"a,]\"\\",{"b":[` + strings.Repeat("7,", 3*maxItems) + `8],"c":"}"},null]`
	body := []byte(`{"result":[{"rows":[` + strings.Repeat(row+",\n", 300) + row + `]}],"success":true,"errors":[]}`)
	if short := []byte(`{"rows":[` + strings.Repeat("1,", 100) + `1]}`); !bytes.Equal(sample(short), short) {
		t.Error("a short body is cut")
	}
	var got struct {
		Result []struct {
			Rows [][]any
		}
		Success *bool
		Errors  []any
	}
	if err := json.Unmarshal(sample(body), &got); err != nil {
		t.Fatalf("%v\n%.300s", err, sample(body))
	}
	rows := got.Result[0].Rows
	if len(rows) != maxItems || got.Success == nil || got.Errors == nil {
		t.Fatalf("%d rows of %+v", len(rows), got)
	}
	for _, r := range rows {
		m, _ := r[2].(map[string]any)
		if len(r) != 4 || r[1] != `a,]"\` || m["c"] != "}" || len(m["b"].([]any)) != maxItems {
			t.Fatalf("%+v", r)
		}
	}
	for _, broken := range [][]byte{body[:len(body)/2], bytes.Repeat([]byte("]},\"\\"), maxWhole)} {
		if json.Valid(sample(broken)) {
			t.Error("a broken body became a whole one")
		}
	}
}
