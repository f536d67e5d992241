package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
)

// fleetList measures the list of databases, on a site of its own.
func fleetList(ctx context.Context, b *bench) ([]line, error) {
	s, err := newSite(ctx, b.dir+"/fleet")
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }()
	if err := s.multiply(ctx, b.databases); err != nil {
		return nil, err
	}
	calls := s.engine.calls.Load()
	var lines []line
	for _, list := range []struct {
		what, path string
		most       float64
	}{
		{"the first page", "/", 20},
		{"the last page", fmt.Sprintf("/?page=%d", (b.databases+49)/50), 20},
		{"a search that finds 1 in 100", "/?q=customer-77", 20},
		{"sorted by organization, those behind only", "/?sort=org&status=behind", 20},
		{"the organizations", "/orgs", 50},
		{"provisioning another one", "/databases/new", 50},
		{"typing an organization there", "/search/orgs?org=customer-77", 50},
		{"the schemas", "/schemas", 50},
	} {
		var times []time.Duration
		for range b.turns * 2 {
			began := time.Now()
			if _, err := s.get(ctx, s.url+list.path, "gzip"); err != nil {
				return nil, err
			}
			times = append(times, time.Since(began))
		}
		lines = append(lines, atMost(fmt.Sprintf("%d databases, %s, median", b.databases, list.what), milliseconds(median(times)),
			list.most, "ms"))
	}
	asked := s.engine.calls.Load() - calls
	return append(lines, line{what: "calls to an engine for all of these", result: fmt.Sprint(asked), goal: "0", met: asked == 0}), nil
}

// multiply makes the fleet's one database and organization many, in its tables
// alone. Whatever columns there are, a copy has them too.
func (s *site) multiply(ctx context.Context, n int) error {
	for _, table := range []struct {
		name string
		own  map[string]string // what differs from copy to copy, of a column there is
	}{
		{"organizations", map[string]string{"id": "'o' || i", "slug": "'customer-' || i", "name": "'Customer ' || i"}},
		{"databases", map[string]string{
			"id": "'d' || i", "name": "'customer-' || i || '-org-001'", "provider_id": "'p' || i", "request": "null",
			"org_id": "'o' || i", "org_slug": "'customer-' || i", "org_name": "'Customer ' || i",
			"schema_name": "'organization'", "schema_version": "2 - i % 10 / 9",
			"state":  "case i % 97 when 0 then 'failed' else 'ready' end",
			"health": "case i % 53 when 0 then 'drifted' else 'ok' end", "checked_at": "updated_at",
			"size": "90000 + i * 7919 % 5000000", "table_count": "30",
		}},
	} {
		one, err := s.control.Query(ctx, d1.Query("select * from "+table.name+" limit 1"))
		if err != nil {
			return err
		}
		values := make([]string, len(one.Columns))
		for i, c := range one.Columns {
			values[i] = c
			if v, ok := table.own[c]; ok {
				values[i] = v
			}
		}
		sql := fmt.Sprintf("insert into %s (%s) with recursive n(i) as (select 1 union all select i + 1 from n "+
			"where i < %d) select %s from n, (select * from %[1]s limit 1)",
			table.name, strings.Join(one.Columns, ", "), n-1, strings.Join(values, ", "))
		if _, err := s.control.Query(ctx, d1.Exec(sql)); err != nil {
			return fmt.Errorf("filling %s: %w", table.name, err)
		}
	}
	return nil
}
