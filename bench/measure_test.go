package main

import (
	"strings"
	"testing"
	"time"
)

func TestPercentiles(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = 100 - i
	}
	for p, want := range map[int]int{0: 1, 50: 50, 99: 99, 100: 100} {
		if got := percentile(hundred, p); got != want {
			t.Errorf("percentile %d of 1..100: %d", p, got)
		}
	}
	if got := median([]int{3, 1, 2}); got != 2 {
		t.Errorf("the median of 3, 1, 2: %d", got)
	}
	if got := percentile([]int{7}, 99); got != 7 {
		t.Errorf("percentile of one value: %d", got)
	}
}

func TestCompareTakesTurns(t *testing.T) {
	var order strings.Builder
	side := func(name byte, takes time.Duration) func() error {
		return func() error {
			order.WriteByte(name)
			time.Sleep(takes)
			return nil
		}
	}
	p, err := compare(2, 2, side('a', 2*time.Millisecond), side('b', time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if got := order.String(); got != "ab"+"abba"+"baab" {
		t.Errorf("the order was %s", got)
	}
	if p.ours < 2*time.Millisecond || p.other < time.Millisecond || p.low > p.ratio || p.high < p.ratio {
		t.Errorf("%+v", p)
	}
}

func TestGoals(t *testing.T) {
	p := pair{ours: 3 * time.Millisecond, other: 2 * time.Millisecond, ratio: 1.5, low: 1.4, high: 1.6}
	for want, l := range map[string]line{
		"met":    ratio("a", p, 1.5),
		"missed": ratio("b", p, 1.4),
		"":       ratio("c", p, 0),
	} {
		if l.mark() != want {
			t.Errorf("%+v is %q", l, l.mark())
		}
	}
	lines := []line{ratio("a", p, 1.5), atMost("b", 21, 20, "ms"), ratio("c", p, 0)}
	if got := summary(lines); got != "1 of 2 goals met" {
		t.Error(got)
	}
	var out strings.Builder
	printLines(&out, lines)
	for _, want := range []string{"1.50 × (1.40–1.60)", "21.0 ms", "≤ 20 ms", "missed\n", "met\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
}
