package main

import (
	"context"
	"path/filepath"
)

// beside compares the first page of a table by this build and by the one of the flag
// -before: both built programs, each on a folder of its own with the same rows, and
// both beside the floor, which is in this process.
func beside(ctx context.Context, b *bench, floor string) ([]line, error) {
	binary, err := build(ctx, b.dir)
	if err != nil {
		return nil, err
	}
	now, nowCookie, err := programOn(ctx, b, "now", binary)
	if err != nil {
		return nil, err
	}
	defer now.stop()
	before, beforeCookie, err := programOn(ctx, b, "before", b.before)
	if err != nil {
		return nil, err
	}
	defer before.stop()
	ask := func(url, cookie, encoding string) func() error {
		return func() error {
			_, err := get(ctx, url, cookie, encoding)
			return err
		}
	}
	var lines []line
	add := func(what, encoding string, goal float64, other func() error) error {
		p, err := compare(b.rounds, b.turns, ask(now.url+tablePath, nowCookie, encoding), other)
		lines = append(lines, ratio(what, p, goal))
		return err
	}
	for _, side := range []struct {
		what, encoding string
		goal           float64
	}{{"the built program : the build before, compressed", "gzip", 0.65}, {"the same, uncompressed", "identity", 0}} {
		if err := add(side.what, side.encoding, side.goal, ask(before.url+tablePath, beforeCookie, side.encoding)); err != nil {
			return nil, err
		}
	}
	for _, f := range floors {
		if err := add("the built program : "+f.what, f.encoding, f.goal, ask(floor+f.path, "", f.encoding)); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// programOn starts a build on a folder of its own, with the rows of the site.
func programOn(ctx context.Context, b *bench, name, binary string) (*process, string, error) {
	dir := filepath.Join(b.dir, name)
	s, err := newSite(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = s.close() }()
	if err := s.fill(ctx, b.rows); err != nil {
		return nil, "", err
	}
	if err := s.close(); err != nil {
		return nil, "", err
	}
	p, err := launch(ctx, binary, dir)
	return p, s.cookie, err
}
