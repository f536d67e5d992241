package browse

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

// How many rows and columns a page has.
const (
	DefaultLimit   = 100
	MaxLimit       = 500
	DefaultColumns = 60
	maxFilters     = 20
)

// Request is what a person wants to see of a table. The zero value of all but
// Table is the first page.
type Request struct {
	Table   string
	Filters []Filter
	// Sort is a column, with a - before it for descending; "" is the order of
	// the key. A name that itself begins with - or ~ is written by SortBy.
	Sort string
	// After and Before are a page's Next and Prev. At most one is set.
	After, Before string
	// Limit is the number of rows, at most MaxLimit; 0 is DefaultLimit.
	Limit int
	// Columns are the columns to show, in that order; none is the table's first
	// DefaultColumns.
	Columns []string
}

// SortBy returns what Request.Sort is for that column.
func SortBy(column string, desc bool) string {
	name := EncodeName(column)
	if strings.HasPrefix(column, "-") {
		name = "~" + url64.EncodeToString([]byte(column))
	}
	if desc {
		return "-" + name
	}
	return name
}

// SortColumn returns the column Sort names, "" for none, and whether it is
// descending.
func (r Request) SortColumn() (column string, desc bool, err error) {
	name, desc := strings.CutPrefix(r.Sort, "-")
	if strings.HasPrefix(name, "~") {
		if name, err = DecodeName(name); err != nil {
			return "", false, fault.New(fault.Invalid, "%.60q is no column to sort by.", r.Sort).At("sort")
		}
	}
	return name, desc, nil
}

// ParseRequest reads a request from a URL's parameters: f (repeated; see
// Filter), sort, after, before, limit and cols (names by EncodeName, between
// commas). Other parameters are left alone. What can't be read is fault.Invalid
// at the parameter's name. That the columns exist is found out by Fetch.
func ParseRequest(table string, v url.Values) (Request, error) {
	r := Request{Table: table, Sort: v.Get("sort"), After: v.Get("after"), Before: v.Get("before")}
	if _, _, err := r.SortColumn(); err != nil {
		return Request{}, err
	}
	if len(v["f"]) > maxFilters {
		return Request{}, fault.New(fault.Invalid, "%d filters at once are too many; %d is the most.", len(v["f"]), maxFilters).At("f")
	}
	for _, s := range v["f"] {
		f, err := ParseFilter(s)
		if err != nil {
			return Request{}, err
		}
		r.Filters = append(r.Filters, f)
	}
	if s := v.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > MaxLimit {
			return Request{}, fault.New(fault.Invalid, "The number of rows is between 1 and %d, not %.20q.", MaxLimit, s).At("limit")
		}
		r.Limit = n
	}
	if s := v.Get("cols"); s != "" {
		for enc := range strings.SplitSeq(s, ",") {
			name, err := DecodeName(enc)
			if err != nil {
				return Request{}, fault.New(fault.Invalid, "%.60q is no column to show.", enc).At("cols")
			}
			r.Columns = append(r.Columns, name)
		}
	}
	return r, nil
}

// Query returns the parameters ParseRequest reads, one form for one request:
// what is the default is left out.
func (r Request) Query() url.Values {
	v := url.Values{}
	for _, f := range r.Filters {
		v.Add("f", f.String())
	}
	if column, desc, err := r.SortColumn(); err == nil && column != "" {
		v.Set("sort", SortBy(column, desc))
	}
	if r.After != "" {
		v.Set("after", r.After)
	}
	if r.Before != "" {
		v.Set("before", r.Before)
	}
	if r.Limit != 0 && r.Limit != DefaultLimit {
		v.Set("limit", strconv.Itoa(r.Limit))
	}
	if len(r.Columns) > 0 {
		names := make([]string, len(r.Columns))
		for i, c := range r.Columns {
			names[i] = EncodeName(c)
		}
		v.Set("cols", strings.Join(names, ","))
	}
	return v
}

// First returns the request for the first page of the same.
func (r Request) First() Request {
	r.After, r.Before = "", ""
	return r
}

// limit returns the number of rows within bounds.
func (r Request) limit() int {
	if r.Limit <= 0 {
		return DefaultLimit
	}
	return min(r.Limit, MaxLimit)
}

// shownPlaces returns the columns to show, each once.
func (t table) shownPlaces(names []string) ([]int, error) {
	var out []int
	for _, name := range names {
		i, ok := t.Column(name)
		if !ok {
			return nil, fault.New(fault.Invalid, "%s has no column %.100q to show.", t.Name, name).At("cols")
		}
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	if len(names) == 0 {
		for i := range min(len(t.Columns), DefaultColumns) {
			out = append(out, i)
		}
	}
	return out, nil
}
