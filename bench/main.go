package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run: how much it does, and what its parts share.
type bench struct {
	scale
	dir    string // everything it writes
	before string // another build of the program, "" for none
	site   *site  // serves a database with a table of many rows
}

// scale is how much a run does.
type scale struct {
	rows       int // of the table users
	inserts    int // rows one insert writes
	databases  int // of the fleet
	rounds     int // of a comparison
	turns      int // of a side in a round
	longRounds int // of a comparison of what takes long, one turn each
	cancels    int // statements that are left
	starts     int // of the program
}

var (
	full  = scale{rows: 1_000_000, inserts: 300_000, databases: 10_000, rounds: 15, turns: 100, longRounds: 5, cancels: 200, starts: 15}
	short = scale{rows: 20_000, inserts: 5_000, databases: 500, rounds: 3, turns: 10, longRounds: 1, cancels: 5, starts: 2}
)

// parts are what is measured, in this order: the ones that use the site in this
// process first, then those that need its files for themselves.
var parts = []struct {
	name, title string
	run         func(context.Context, *bench) ([]line, error)
}{
	{"page", "A page of a table", page},
	{"deep", "A page far behind the first", deep},
	{"console", "The SQL console, against the statement alone", consoleCost},
	{"cancel", "The client leaves while its statement runs", cancelled},
	{"fleet", "The fleet, from the dashboard's own tables", fleetList},
	{"many", "Many tables, many columns", many},
	{"migrate", "Migrations", migrations},
	{"carry", "A file is imported", carry},
	{"program", "The built program, from outside", program},
	{"peers", "Slow and hostile peers: 200 half requests, 50 slow readers, 8 endless statements", peers},
	{"growing", "Statements that grow without an end", growing},
	{"engine", "The embedded engine, against SQLite in C", engines},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	isShort := flag.Bool("short", false, "use little data: it shows that everything runs, and its figures mean nothing")
	debug.SetGCPercent(150) // as the program does
	only := flag.String("only", strings.Join(names, ","), "the parts to run")
	before := flag.String("before", "", "another build of the program: the part page measures its page beside this one's")
	profile := flag.String("cpuprofile", "", "write a profile of the run to this file")
	folder := flag.String("rollout", "", "what the part migrate runs in a process of its own: apply a plan to the databases in this folder")
	atOnce := flag.Int("at-once", 2, "how many of them at a time")
	file := flag.String("carry", "", "what the part carry runs in a process of its own: import this file")
	flag.Parse()
	if *folder != "" {
		return rollOut(ctx, *folder, *atOnce)
	}
	if *file != "" {
		return carryIn(ctx, *file)
	}
	wanted := strings.Split(*only, ",")
	for _, w := range wanted {
		if !slices.Contains(names, w) {
			return fmt.Errorf("there is no part %q; there are %s", w, strings.Join(names, ", "))
		}
	}
	b := &bench{scale: full, before: *before}
	if *isShort {
		b.scale = short
	}
	if b.dir, err = os.MkdirTemp("", "kuratchi-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if *profile != "" {
		end, err := startProfile(*profile)
		if err != nil {
			return err
		}
		defer end()
	}
	return b.measure(ctx, wanted, *isShort)
}

// measure runs the parts and prints what each found.
func (b *bench) measure(ctx context.Context, wanted []string, isShort bool) error {
	began := time.Now()
	fmt.Printf("%d cores, %s. Ratios count, times do not: they are this machine's, now.\n", runtime.NumCPU(), runtime.Version())
	if isShort {
		fmt.Println("With -short there is little data: the figures mean nothing.")
	}
	progress("filling a table with %d rows", b.rows)
	s, err := newSite(ctx, b.dir+"/site")
	if err != nil {
		return err
	}
	b.site = s
	defer func() { _ = s.close() }()
	if err := s.fill(ctx, b.rows); err != nil {
		return err
	}
	var all []line
	for _, p := range parts {
		if !slices.Contains(wanted, p.name) {
			continue
		}
		progress("%s", p.name)
		runtime.GC()
		lines, err := p.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Printf("\n%s\n", p.title)
		printLines(os.Stdout, lines)
		all = append(all, lines...)
	}
	fmt.Printf("\n%s; it took %.0f s.\n", summary(all), time.Since(began).Seconds())
	return nil
}

// progress says on the other stream what takes its time.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}

func startProfile(path string) (end func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}
