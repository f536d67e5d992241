package ui

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/web/templates/textual"
)

// Pager is the foot of a list that is paged by number.
type Pager struct {
	Path  string
	Query url.Values
	// Page counts from 1; Size is how many a page has; Total is how many there are.
	Page, Size, Total int
	// Noun is what is listed, in the plural.
	Noun string
}

func (p Pager) pages() int { return max(1, (p.Total+p.Size-1)/p.Size) }

// Range says which of them are shown.
func (p Pager) Range() string {
	if p.Total == 0 {
		return "no " + p.Noun
	}
	first := (p.Page-1)*p.Size + 1
	return fmt.Sprintf("%s–%s of %s", textual.Count(first), textual.Count(min(p.Total, first+p.Size-1)), textual.Count(p.Total))
}

func (p Pager) href(page int) string {
	q := url.Values{}
	for k, v := range p.Query {
		q[k] = v
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	} else {
		q.Del("page")
	}
	if len(q) == 0 {
		return p.Path
	}
	return p.Path + "?" + q.Encode()
}

// SortLink is the head of a column that a list can be sorted by.
type SortLink struct {
	Text, Key string
	Path      string
	Query     url.Values
	// Active is the list's sort, with its "-".
	Active string
	Class  string
}

func (s SortLink) aria() string {
	switch s.Active {
	case s.Key:
		return "ascending"
	case "-" + s.Key:
		return "descending"
	}
	return "none"
}

func (s SortLink) href() string {
	q := url.Values{}
	for k, v := range s.Query {
		q[k] = v
	}
	q.Del("page")
	q.Set("sort", s.Key)
	if s.Active == s.Key {
		q.Set("sort", "-"+s.Key)
	}
	return s.Path + "?" + q.Encode()
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func full(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func short(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func noticeIcon(tone string) string {
	switch tone {
	case "ok":
		return "check"
	case "warn":
		return "triangle-alert"
	case "bad":
		return "circle-alert"
	}
	return "info"
}

// noticeRole makes a failure heard at once.
func noticeRole(tone string) templ.Attributes {
	if tone == "bad" {
		return templ.Attributes{"role": "alert"}
	}
	return nil
}

// described ties a field to what is wrong with it.
func described(field, problem string) templ.Attributes {
	if problem == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": field + "-error"}
}

func label(name string) string {
	label, _ := textual.Name(name)
	return label
}

func visible(name string) bool {
	_, visible := textual.Name(name)
	return visible
}
