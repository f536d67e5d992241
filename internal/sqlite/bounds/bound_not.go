//go:build unbound

package bounds

// bound is false where what the bounds cost is measured against a program without
// them.
const bound = false
