package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/fault"
)

// TestAListIsWholeOrSaidNotToBe: pages that repeat don't end it in silence.
func TestAListIsWholeOrSaidNotToBe(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	for i := range 26 {
		f.Add(fmt.Sprintf("db-%02d", i))
	}
	p := provider(t, x.URL)
	x.Always(front.TwentyOfAll)
	if infos, err := p.List(t.Context()); !fault.Is(err, fault.Unavailable) || infos != nil ||
		!strings.Contains(fault.Message(err), "ended after 20 of 26") {
		t.Errorf("%d databases, %v", len(infos), err)
	}
	if i, err := p.Find(t.Context(), "db-03"); err != nil || i.Name != "db-03" {
		t.Errorf("one that was seen: %+v, %v", i, err)
	}
	if _, err := p.Find(t.Context(), "db-"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("one that may be on the rest: %v", err)
	}
	if _, err := p.Find(t.Context(), "other"); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that isn't there: %v", err)
	}
	x.Always("")
	if infos, err := p.List(t.Context()); err != nil || len(infos) != 26 {
		t.Errorf("%d databases, %v", len(infos), err)
	}
}

// TestALargerPageCompletesAList, as one that was deleted meanwhile moves others to a page
// that was read.
func TestALargerPageCompletesAList(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// at is where the answer to a page begins and ends, of how many.
		at   func(page, size int) (from, to, total int)
		want int
	}{
		"the page's number is ignored": {func(_, size int) (int, int, int) { return 0, min(size, 1234), 1234 }, 1234},
		"two were deleted meanwhile": {func(page, size int) (int, int, int) {
			switch {
			case size > 1000:
				return 2, 1234, 1232
			case page == 1:
				return 0, 1000, 1234
			}
			return 1002, 1234, 1232
		}, 1234}, // the deleted ones too, as documented
		"the number isn't told": {func(page, size int) (int, int, int) {
			return min((page-1)*size, 1234), min(page*size, 1234), 0
		}, 1234},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page, _ := strconv.Atoi(r.URL.Query().Get("page"))
			size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
			from, to, total := c.at(page, size)
			list := []map[string]string{}
			for i := from; i < to; i++ {
				list = append(list, map[string]string{"uuid": fmt.Sprint("id-", i), "name": fmt.Sprint("db-", i)})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "result": list, "result_info": map[string]int{"total_count": total}})
		}))
		infos, err := provider(t, srv.URL+"/").List(t.Context())
		srv.Close()
		if err != nil || len(infos) != c.want {
			t.Errorf("%s: %d databases, %v", name, len(infos), err)
		}
	}
}
