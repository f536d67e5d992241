package main

import (
	"cmp"
	"runtime"
	"slices"
	"time"
)

// pair is two sides of one comparison.
type pair struct {
	// ours and other are the medians of all turns.
	ours, other time.Duration
	// ratio is the median of the rounds' ratios; low and high are the lowest and
	// the highest.
	ratio, low, high float64
}

// compare runs two sides in turn, which of them first changing each time. A round
// is turns of each and gives one ratio, that of their medians.
func compare(rounds, turns int, ours, other func() error) (pair, error) {
	var all [2][]time.Duration
	var ratios []float64
	sides := [2]func() error{ours, other}
	for _, side := range sides { // warm
		if err := side(); err != nil {
			return pair{}, err
		}
	}
	for round := range rounds {
		runtime.GC()
		var times [2][]time.Duration
		for turn := range turns {
			for k := range sides {
				side := (k + turn + round) % 2
				began := time.Now()
				if err := sides[side](); err != nil {
					return pair{}, err
				}
				times[side] = append(times[side], time.Since(began))
			}
		}
		ratios = append(ratios, float64(median(times[0]))/float64(median(times[1])))
		for side := range all {
			all[side] = append(all[side], times[side]...)
		}
	}
	return pair{
		ours: median(all[0]), other: median(all[1]),
		ratio: median(ratios), low: slices.Min(ratios), high: slices.Max(ratios),
	}, nil
}

// median is the middle one of some values, the lower of two.
func median[T cmp.Ordered](values []T) T { return percentile(values, 50) }

// percentile is the smallest value that p percent of the values are not above.
func percentile[T cmp.Ordered](values []T, p int) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max((len(sorted)*p+99)/100, 1)-1]
}
