package middleware

import (
	"io"
	"net/http"
	"slices"
	"time"
)

// BlockTime is how long a peer is waited for while [block] bytes of a body come or of an
// answer go: it may be slow, 8.5 kB a second, for as long as it takes, but not stand still.
const (
	BlockTime = 30 * time.Second
	block     = 256 << 10
)

// pace is the deadline of one direction of a connection, which moves on while bytes do.
// What the program itself takes between two of them doesn't count.
type pace struct {
	set   func(time.Time) error
	time  time.Duration // of a block
	wait  time.Duration // what is left of it
	left  int           // bytes of the block under way
	until time.Time     // the deadline that is set
}

func newPace(set func(time.Time) error, t time.Duration) pace {
	return pace{set: set, time: t, wait: t, left: block}
}

// during moves bytes within the time that is left for them.
func (p *pace) during(move func() (int, error)) (int, error) {
	began := time.Now()
	// A deadline is a timer of the runtime, so it isn't moved for every few bytes.
	if end := began.Add(p.wait); end.Sub(p.until).Abs() > p.time/30 {
		_ = p.set(end) // where that can't be set, the server's holds
		p.until = end
	}
	n, err := move()
	p.wait -= time.Since(began)
	if p.left -= n; p.left <= 0 {
		p.wait, p.left = p.time, block
	}
	return n, err
}

// answer is a response that goes at the peer's pace.
type answer struct {
	http.ResponseWriter
	pace pace
}

// Unwrap is how net/http finds what else its own writer can do.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader gives an answer without a body its time too: the body of its request may
// have taken longer than the server allows for both.
func (a *answer) WriteHeader(status int) {
	_, _ = a.pace.during(func() (int, error) {
		a.ResponseWriter.WriteHeader(status)
		return 0, nil
	})
}

func (a *answer) Write(p []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(p, block) {
		n, err := a.pace.during(func() (int, error) { return a.ResponseWriter.Write(piece) })
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

var _ io.Writer = (*answer)(nil)
