package rest

import (
	"context"
	"encoding/json"
	"io"
	"sort"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	// perPage is how many of a list are asked for at once, maxPerPage the second time;
	// Cloudflare allows 10 to 10,000.
	perPage, maxPerPage = 1000, 10_000
	minPerPage          = 10
	// maxPages ends a list whose pages never do.
	maxPages = 100
)

// Find returns the database with exactly that name: usually one call. It has what
// a list tells, so neither size nor tables.
func (p *Provider) Find(ctx context.Context, name string) (d1.Info, error) {
	var found *d1.Info
	err := p.pages(ctx, name, func(i d1.Info) bool {
		if i.Name == name {
			found = &i
		}
		return found == nil
	})
	switch {
	case err != nil:
		return d1.Info{}, err
	case found == nil:
		return d1.Info{}, fault.New(fault.NotFound, "There is no database named %q.", name)
	}
	return *found, nil
}

// List returns every database, by name: one call for each thousand, and one that
// finds the end. One that is made or deleted meanwhile may be there or not. Where the pages
// don't add up to the number that Cloudflare names, the list is read once more in larger
// pages; a list that still isn't whole is fault.Unavailable, with how many of how many.
func (p *Provider) List(ctx context.Context) ([]d1.Info, error) {
	infos := []d1.Info{}
	err := p.pages(ctx, "", func(i d1.Info) bool {
		infos = append(infos, i)
		return true
	})
	if err != nil {
		return nil, err
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Name < infos[j].Name })
	return infos, nil
}

// listing is a list of databases that is being read.
type listing struct {
	name string // searched for, "" for all
	each func(d1.Info) bool
	seen map[string]bool
	// total is how many there are, as the last page says.
	total int
	// repeats says that a page brought nothing new, shrank that there were fewer at its end
	// than before: then others have moved to a page that was read already.
	repeats, shrank bool
	stopped         bool // each said no
}

// pages hands out every database once until each says no.
func (p *Provider) pages(ctx context.Context, name string, each func(d1.Info) bool) error {
	l := &listing{name: name, each: each, seen: map[string]bool{}}
	for _, size := range []int{perPage, maxPerPage} {
		if err := p.readPages(ctx, l, size); err != nil {
			return err
		}
		if l.stopped || l.whole() && !l.shrank {
			return nil
		}
	}
	if l.whole() {
		return nil
	}
	return fault.New(fault.Unavailable, "Cloudflare's list of databases ended after %d of %d, so it isn't known which others there are. "+
		"Nothing was changed. Try again in a minute.", len(l.seen), l.total)
}

// whole reports whether all was seen that Cloudflare says is there. Of a search it isn't
// known whether its number is that of what was found, so only a repetition counts.
func (l *listing) whole() bool {
	return l.total <= len(l.seen) && (l.total > 0 || !l.repeats) || l.name != "" && !l.repeats
}

// readPages reads on until a page brings nothing new: some servers ignore the page's number.
func (p *Provider) readPages(ctx context.Context, l *listing, size int) error {
	l.repeats, l.shrank = false, false
	now := map[string]bool{} // seen this time
	for page := 1; page <= maxPages; page++ {
		list, total, err := p.page(ctx, l.name, page, size)
		if err != nil {
			return err
		}
		l.shrank = l.shrank || page > 1 && total < l.total
		l.total = total
		fresh := 0
		for _, d := range list {
			if d.UUID == "" || now[d.UUID] {
				continue
			}
			now[d.UUID] = true
			fresh++
			if l.seen[d.UUID] {
				continue
			}
			l.seen[d.UUID] = true
			if l.stopped = !l.each(p.info(d)); l.stopped {
				return nil
			}
		}
		l.repeats = fresh == 0 && len(list) > 0
		if fresh == 0 || len(list) < minPerPage || l.name == "" && total > 0 && len(l.seen) >= total {
			return nil
		}
	}
	return nil
}

func (p *Provider) page(ctx context.Context, name string, page, size int) (list []database, total int, err error) {
	params := cf.DatabaseListParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	set(&params.Page.Value, &params.Page.Present, float64(page))
	set(&params.PerPage.Value, &params.PerPage.Present, float64(size))
	if name != "" {
		set(&params.Name.Value, &params.Name.Present, name)
	}
	c := call{what: "the list of databases", readToken: true}
	err = p.do(ctx, c, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.List(ctx, params, opts...)
		return err
	}, func(body io.Reader) error {
		var e envelope
		if err := decode(body, &e); err != nil {
			return err
		}
		if err := e.failure(); err != nil {
			return err
		}
		total = e.Info.TotalCount
		list = nil
		if err := json.Unmarshal(e.Result, &list); err != nil {
			return errShape
		}
		return nil
	})
	return list, total, err
}
