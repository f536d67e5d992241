package rest

import (
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
)

// policy is a limit of Cloudflare's: so many calls in a window.
type policy struct {
	// name is what answers call it, "" for the documented one.
	name   string
	calls  int
	window time.Duration
	// uncounted says that the window is longer than calls are remembered.
	uncounted bool
	named     time.Time // by an answer, the last time
	// left is how many of quota calls Cloudflare lets through until end.
	left, quota int
	end         time.Time
}

// kept is how many of its calls background work leaves to people.
func (p *policy) kept(share float64) int { return int(float64(p.calls) * share) }

// over is how many of the calls that ended, the oldest first, count no more.
func (p *policy) over(now time.Time, ended []time.Time) int {
	return sort.Search(len(ended), func(i int) bool { return ended[i].Add(p.window).After(now) })
}

// opens returns when the limit lets one more call through, with kept of them left over.
func (p *policy) opens(now time.Time, flying int, ended []time.Time, kept int) time.Time {
	if now.Before(p.end) && p.left < 1+kept*p.quota/max(1, p.calls) {
		return p.end
	}
	if p.uncounted {
		return now
	}
	counting := ended[p.over(now, ended):]
	free := p.calls - kept - flying - len(counting)
	if free > 0 {
		return now
	}
	// As many must stop counting as are too many, and one more.
	if n := -free; n < len(counting) {
		return counting[n].Add(p.window)
	}
	return now.Add(time.Second) // all of them are in flight
}

// takeOver notes what Cloudflare says is left.
func (p *policy) takeOver(left, quota, flying int, now, end time.Time) {
	p.quota = quota
	// Answers overtake one another: of one window, the smallest number is the latest.
	left = min(left, quota) - flying
	if now.Before(p.end) && end.Sub(p.end).Abs() <= 2*time.Second && p.left < left {
		return
	}
	p.left, p.end = left, end
}

// maxQuota is more than any policy allows, maxWindow longer than any lasts; calculations
// with them don't overflow.
const maxQuota, maxWindow = 1 << 20, 1 << 20

// namedPolicies are the limits an answer names, each with a quota; without a window it is 0.
func namedPolicies(h http.Header) (all []policy) {
	for _, item := range items(h, "Ratelimit-Policy") {
		if q, ok := parameter(item, "q"); ok && q > 0 {
			w, _ := parameter(item, "w")
			q, w = min(q, maxQuota), min(w, maxWindow)
			all = append(all, policy{name: label(item), calls: q, quota: q, window: time.Duration(w) * time.Second})
		}
	}
	return all
}

// remainder is what an answer says is left of a limit, and for how many seconds.
type remainder struct {
	name        string
	left, reset int
}

func lefts(h http.Header) (all []remainder) {
	for _, item := range items(h, "Ratelimit") {
		left, okLeft := parameter(item, "r")
		reset, okReset := parameter(item, "t")
		if okLeft && okReset {
			all = append(all, remainder{label(item), left, reset})
		}
	}
	return all
}

// items returns the items of a structured header.
func items(h http.Header, name string) []string {
	v := strings.Join(h.Values(name), ",")
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

// label is the name an item of a structured header begins with.
func label(item string) string {
	name, _, _ := strings.Cut(item, ";")
	return strings.Trim(strings.TrimSpace(name), `"`)
}

// parameter returns a number of an item of a structured header.
func parameter(item, name string) (int, bool) {
	for p := range strings.SplitSeq(item, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(p), name+"="); ok {
			n, err := strconv.Atoi(v)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}
