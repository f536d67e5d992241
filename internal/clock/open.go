package clock

import "time"

// Skew is how far a time may be ahead of now without anything being wrong: a time server that
// corrects a clock puts it back by less.
const Skew = 5 * time.Second

// Open reports whether what lasts for length and ends at end goes on at now. One whose end is
// further ahead of now than it lasts, and [Skew], was begun by a clock that has been put back
// since: how long it went on isn't known, and it counts as ended.
//
// A clock that is put back after the end, by less than length, isn't noticed by this; what had
// ended then goes on once more, for less than length.
func Open(end, now time.Time, length time.Duration) bool {
	left := end.Sub(now)
	return left > 0 && left <= length+Skew
}
