package d1

import "context"

// Progress is told how far a long call is: in words, and in units of that step
// (bytes of a file, statements) with their total, 0 where it isn't known.
type Progress func(step string, done, total int64)

type contextKey uint8

const (
	progressKey contextKey = iota
	backgroundKey
)

// WithProgress returns a context whose copies, imports, restores and waits tell
// fn how far they are. fn is called from the goroutine of the call.
func WithProgress(ctx context.Context, fn Progress) context.Context {
	return context.WithValue(ctx, progressKey, fn)
}

// Report tells the Progress of ctx, if it has one.
func Report(ctx context.Context, step string, done, total int64) {
	if fn, ok := ctx.Value(progressKey).(Progress); ok && fn != nil {
		fn(step, done, total)
	}
}

// Background marks work that nobody is waiting for at a screen. A transport with
// a limited number of calls keeps a share of them for people: such work waits
// where a person would still be served.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey, true)
}

// InBackground reports whether ctx was marked by Background.
func InBackground(ctx context.Context) bool {
	marked, _ := ctx.Value(backgroundKey).(bool)
	return marked
}
