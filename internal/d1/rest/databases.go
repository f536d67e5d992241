package rest

import (
	"context"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Create makes an empty database: one call. Where its answer is lost, the name is looked
// for: if there is none, nothing was made, fault.Unavailable. If there is one, it may be
// somebody else's from before, so that stays fault.Unknown.
func (p *Provider) Create(ctx context.Context, in d1.CreateInput) (d1.Info, error) {
	if err := d1.CheckName(in.Name); err != nil {
		return d1.Info{}, err
	}
	params := cf.DatabaseNewParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	content := map[string]any{"name": in.Name}
	if in.Location != "" && in.Jurisdiction == "" {
		content["primary_location_hint"] = in.Location
	}
	if in.Jurisdiction != "" {
		content["jurisdiction"] = in.Jurisdiction
	}
	if in.Replication != "" {
		content["read_replication"] = map[string]string{"mode": in.Replication}
	}
	var d database
	c := call{what: "making the database " + in.Name, writes: true}
	err := p.result(ctx, c, p.body(content, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.New(ctx, params, opts...)
		return err
	}), &d)
	if fault.Is(err, fault.Conflict) {
		return d1.Info{}, fault.Wrap(err, fault.Conflict, "A database named %q exists already. Choose another name.", in.Name).At("name")
	}
	if err == nil && d.UUID == "" {
		err = p.unread(c)
	}
	if err != nil {
		return d1.Info{}, p.settle(ctx, c, err, func(ctx context.Context) (bool, error) {
			_, err := p.Find(ctx, in.Name)
			switch {
			case fault.Is(err, fault.NotFound):
				return false, nil
			case err == nil:
				err = cantTell("There is a database of that name now, made by this call or by somebody before it.")
			}
			return false, err
		})
	}
	i := p.info(d)
	if i.Location == "" {
		i.Location = in.Location
	}
	return i, nil
}

// body replaces the content of a request by one of our own, which needs no types
// of the SDK's.
func (p *Provider) body(content any, send requester) requester {
	return func(ctx context.Context, opts ...option.RequestOption) error {
		b, err := marshal(content)
		if err != nil {
			return err
		}
		return send(ctx, append(opts, option.WithRequestBody("application/json", b))...)
	}
}

// unread is an answer that lacks what it must have.
func (p *Provider) unread(c call) error {
	f := &Failure{Status: 200, Sent: true, Cause: errShape.Error(), retryAfter: -1}
	return p.fault(f, c)
}

// Get returns the database with that id: one call.
func (p *Provider) Get(ctx context.Context, id string) (d1.Info, error) {
	if err := checkID(id); err != nil {
		return d1.Info{}, err
	}
	params := cf.DatabaseGetParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	c := call{what: "the database %s", id: id, readToken: true}
	var d database
	err := p.result(ctx, c, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.Get(ctx, id, params, opts...)
		return err
	}, &d)
	if fault.Is(err, fault.NotFound) {
		return d1.Info{}, fault.Wrap(err, fault.NotFound, "There is no database with the id %s.", id)
	}
	if err == nil && d.UUID == "" {
		err = p.unread(c)
	}
	if err != nil {
		return d1.Info{}, err
	}
	return p.info(d), nil
}

// Delete removes a database for good: one call. Cloudflare keeps no bookmark of
// it. Where its answer is lost, reading tells whether it is gone.
func (p *Provider) Delete(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	params := cf.DatabaseDeleteParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	c := call{what: "deleting the database %s", id: id, writes: true}
	err := p.result(ctx, c, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.Delete(ctx, id, params, opts...)
		return err
	}, nil)
	return p.settle(ctx, c, err, func(ctx context.Context) (bool, error) { return p.isGone(ctx, id) })
}

// SetReplication sets the mode of read replication: one call. Where its answer is lost,
// the mode is read.
func (p *Provider) SetReplication(ctx context.Context, id, mode string) (d1.Info, error) {
	if err := checkID(id); err != nil {
		return d1.Info{}, err
	}
	if mode != "auto" && mode != "disabled" {
		return d1.Info{}, fault.New(fault.Invalid, "Read replication is either automatic or disabled.").At("replication")
	}
	params := cf.DatabaseEditParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	c := call{what: "setting the read replication of the database %s", id: id, writes: true}
	var d database
	err := p.result(ctx, c, p.body(map[string]any{"read_replication": map[string]string{"mode": mode}},
		func(ctx context.Context, opts ...option.RequestOption) error {
			_, err := p.api.Database.Edit(ctx, id, params, opts...)
			return err
		}), &d)
	if err == nil && d.UUID == "" {
		err = p.unread(c)
	}
	if err == nil {
		return p.info(d), nil
	}
	var now d1.Info
	err = p.settle(ctx, c, err, func(ctx context.Context) (_ bool, err error) {
		now, err = p.Get(ctx, id)
		return now.Replication == mode, err
	})
	if err != nil {
		return d1.Info{}, err
	}
	return now, nil
}

// bookmark returns the bookmark of a moment, of now for the zero one.
func (p *Provider) bookmark(ctx context.Context, id string, at time.Time) (string, error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	params := cf.DatabaseTimeTravelGetBookmarkParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	c := call{what: "the bookmark of the database %s", id: id, readToken: true}
	var r struct {
		Bookmark string `json:"bookmark"`
	}
	err := p.result(ctx, c, func(ctx context.Context, opts ...option.RequestOption) error {
		if !at.IsZero() { // the SDK's own field cuts it to the second
			opts = append(opts, option.WithQuery("timestamp", at.UTC().Format("2006-01-02T15:04:05.000Z07:00")))
		}
		_, err := p.api.Database.TimeTravel.GetBookmark(ctx, id, params, opts...)
		return err
	}, &r)
	if err == nil && r.Bookmark == "" {
		err = p.unread(c)
	}
	return r.Bookmark, err
}
