package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// carryText makes the file that is carried, with %[1]d users and five times as many
// events: 390 MB for 600,000.
const carryText = `
pragma journal_mode = off; pragma synchronous = off;
create table users(id integer primary key, name text not null, email text unique, age integer, score real, city text,
	bio text, active integer default 1, created text, data blob);
create table events(id integer primary key autoincrement, user_id integer not null references users(id), kind text,
	at text, value real, note text);
insert into users with recursive n(value) as (select 1 union all select value + 1 from n where value < %[1]d)
	select value, 'user ' || value, 'u' || value || '@example.com', value %% 90, value * 7919 / 1e3, 'city ' || (value %% 997),
	'some longer text for user number ' || value || ' which goes on a bit', value %% 2,
	'2026-11-30 10:00:' || (value %% 60), randomblob(16) from n;
insert into events(user_id, kind, at, value, note)
	with recursive n(value) as (select 1 union all select value + 1 from n where value < 5 * %[1]d)
	select abs(random()) %% %[1]d + 1, 'kind' || (value %% 17), '2026-11-30', value / 1e4, 'note ' || value from n;
create index ev_user on events(user_id);
create index ev_kind on events(kind, at);
create index us_city on users(city);
`

// carried is what the process that imports a file prints.
type carried struct {
	Rows int64
	// Growth is how much more memory was resident at most than before, in MB.
	Growth float64
}

// carry imports a file by the engine, checks and all, and beside it by the sqlite3
// program's .dump into itself.
func carry(ctx context.Context, b *bench) ([]line, error) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		return nil, errors.New("there is no sqlite3 program to compare with: tools/setup.sh sqlite3 installs it")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "carry")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	from := filepath.Join(dir, "from.db")
	progress("making a file to carry")
	if err := shell(ctx, from, fmt.Sprintf(carryText, b.rows*3/5)); err != nil {
		return nil, err
	}
	st, err := os.Stat(from)
	if err != nil {
		return nil, err
	}
	growth := 0.0
	p, err := compare(b.longRounds, 1, func() error {
		got, err := carriedBy(ctx, self, from, dir)
		growth = max(growth, got.Growth)
		return err
	}, func() error {
		to := filepath.Join(dir, "dumped.db")
		if out, err := exec.CommandContext(ctx, "sh", "-c", `sqlite3 "$0" .dump | sqlite3 "$1"`, from, to).CombinedOutput(); err != nil {
			return fmt.Errorf("sqlite3: %w: %s", err, out)
		}
		return os.Remove(to)
	})
	if err != nil {
		return nil, err
	}
	return []line{
		ratio(fmt.Sprintf("a file of %d MB is imported, against sqlite3 .dump | sqlite3", st.Size()>>20), p, 0.5),
		atMost("– more memory resident meanwhile", growth, 32, "MB"),
	}, os.RemoveAll(dir)
}

func shell(ctx context.Context, path, text string) error {
	cmd := exec.CommandContext(ctx, "sqlite3", path)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("sqlite3: %w: %s", err, out)
	}
	return nil
}

func carriedBy(ctx context.Context, self, from, dir string) (c carried, err error) {
	cmd := exec.CommandContext(ctx, self, "-carry", from)
	cmd.Stderr, cmd.Dir = os.Stderr, dir
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("importing: %w", err)
	}
	return c, json.Unmarshal(out, &c)
}

// carryIn imports a file into a new database and prints a carried.
func carryIn(ctx context.Context, from string) (err error) {
	dir, err := os.MkdirTemp(".", "engine-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	e, err := local.Open(dir, local.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	info, err := e.Create(ctx, d1.CreateInput{Name: "carried"})
	if err != nil {
		return err
	}
	before := status("VmRSS")
	filled, err := e.Fill(ctx, info.ID, d1.FillInput{Path: from})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(carried{Rows: filled.Rows, Growth: max(0, status("VmHWM")-before)})
}

// status is a size of this process that Linux tells, in MB, 0 elsewhere.
func status(name string) float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}
