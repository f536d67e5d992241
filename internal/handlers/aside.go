package handlers

import (
	"context"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// asides are what D1 last said beside a database's settings. The page reads itself again
// each second while something is done to the database; those readings ask nothing. It is
// safe for concurrent use.
type asides struct{ last sync.Map } // map[id.Database]aside

// aside is what stands on the settings though the page could do without.
type aside struct {
	onD1   *views.OnD1
	origin views.Origin
}

func (a *asides) get(d id.Database) aside {
	if last, ok := a.last.Load(d); ok {
		return last.(aside)
	}
	return aside{origin: views.Origin{Error: "It is asked once that is done."}}
}

// aside is what D1 says of a database, and how the old one of a moved one stands: asked
// now, or as it was last asked while something is done to the database.
func (s settings) aside(c echo.Context, d fleet.Database, w fleet.Work) (*views.OnD1, views.Origin) {
	if w.Running() {
		last := s.asides.get(d.ID)
		return last.onD1, last.origin
	}
	now := aside{s.onD1(c, d), s.originState(c, d)}
	s.asides.last.Store(d.ID, now)
	return now.onD1, now.origin
}

// onD1 is what D1 says of a database, and how long it took to: a call.
func (s settings) onD1(c echo.Context, d fleet.Database) *views.OnD1 {
	if d.Provider != fleet.D1 || d.ProviderID == "" || d.State != fleet.Ready {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), s.asideTimeout())
	defer cancel()
	began := time.Now()
	info, err := s.Fleet.Places.Info(ctx, d)
	v := &views.OnD1{Info: info, Latency: time.Since(began)}
	if err != nil {
		v.Error = afterDone.Replace(fault.Message(err))
	}
	return v
}

// originState is how the old one of a moved database stands: a call where it is on D1.
func (s settings) originState(c echo.Context, d fleet.Database) (v views.Origin) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), s.asideTimeout())
	defer cancel()
	var err error
	if v.Written, err = s.Keep.Moves.OriginChanged(ctx, d); err != nil {
		v.Written, v.Error = false, afterDone.Replace(fault.Message(err))
	}
	return v
}
