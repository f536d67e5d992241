package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s backups) backupsShow(c echo.Context) error { return s.backupsPage(c, http.StatusOK, nil) }

func (s backups) backupsPage(c echo.Context, status int, cause error) error {
	ctx := c.Request().Context()
	d, err := s.Fleet.Database(ctx, s.actor(c), c.Param("db"))
	if err != nil {
		return err
	}
	if d.State != fleet.Ready {
		return redirect(c, paths.Database(d.Name))
	}
	number, err := pageNumber(c)
	if err != nil {
		return err
	}
	v := views.Backups{Database: d, Work: s.Fleet.Holds.Work(d.ID), Page: fleet.Page{Number: number, Size: pageSize}}
	if v.Total, v.Size, err = s.Keep.Points.Count(ctx, d); err != nil {
		return err
	}
	if err := checkPage(v.Page, v.Total); err != nil {
		return err
	}
	if v.Points, err = s.Keep.Points.List(ctx, d, v.Page); err != nil {
		return err
	}
	if cause != nil {
		v.Error = fault.Message(cause)
	}
	return render(c, status, views.BackupsPage(s.databasePage(c, d, "backups", "Backups", layout.Crumb{Text: "Backups"}), v))
}

// pointsAnswer answers what an operator did to restore points: with their list.
func (s backups) pointsAnswer(c echo.Context, err error, what string) error {
	if errors.Is(err, errDetached) {
		return redirect(c, paths.Backups(c.Param("db")))
	}
	if isFormError(err) {
		return s.backupsPage(c, statusOf(err), err)
	}
	if err != nil {
		return err
	}
	return redirect(c, donePath(paths.Backups(c.Param("db")), what))
}

func (s backups) pointsCreate(c echo.Context) error {
	name := c.Param("db")
	err := s.runDetached(c, func(ctx context.Context, a auth.Actor) error {
		_, err := s.Keep.Points.KeepPoint(ctx, a, name)
		return err
	})
	return s.pointsAnswer(c, err, "kept")
}

func (s backups) pointsForget(c echo.Context) error {
	return s.pointsAnswer(c, s.Keep.Points.ForgetPoint(c.Request().Context(), s.actor(c), c.Param("db"), c.FormValue("point")), "forgotten")
}

// momentOf reads what a browser's field for a date and a time sends, as UTC.
func momentOf(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "Give the moment as a date and a time in UTC, for instance 2026-11-25 04:05.")
}

// pointsAsk asks before a database is put back.
func (s backups) pointsAsk(c echo.Context) error {
	if q := c.QueryParams(); q.Has("at") && q.Get("at") == "" {
		return redirect(c, paths.Backups(c.Param("db")))
	}
	err := s.restorePage(c, http.StatusOK, target{point: c.QueryParam("point"), at: c.QueryParam("at")}, nil)
	if c.QueryParam("at") == "" {
		return err
	}
	switch { // the moment was typed on the page of backups
	case fault.Is(err, fault.NotFound):
		return s.backupsPage(c, http.StatusUnprocessableEntity, err)
	case isFormError(err):
		return s.backupsPage(c, statusOf(err), err)
	}
	return err
}

// target is what a database is put back to: one of its points, or a moment as it was
// typed.
type target struct{ point, at string }

// restorePoint finds the point.
func (t target) restorePoint(ctx context.Context, a auth.Actor, f *house.House, d fleet.Database) (fleet.RestorePoint, error) {
	if t.at == "" {
		return f.Keep.Points.Point(ctx, d, t.point)
	}
	at, err := momentOf(t.at)
	if err != nil {
		return fleet.RestorePoint{}, err
	}
	return f.Keep.Points.PointAt(ctx, a, d.Name, at)
}

// maxUndone is how many writes a restore would undo are counted.
const maxUndone = 500

func (s backups) restorePage(c echo.Context, status int, t target, cause error) error {
	ctx := c.Request().Context()
	d, err := s.Fleet.Database(ctx, s.actor(c), c.Param("db"))
	if err != nil {
		return err
	}
	v := views.Restore{Database: d, At: t.at}
	if v.Point, err = t.restorePoint(ctx, s.actor(c), s.House, d); err != nil {
		return err
	}
	// Statements that could not be finished are not among them; an unknown end is.
	for _, outcome := range []audit.Outcome{audit.Done, audit.Unknown} {
		es, err := s.Desk.Entries(ctx, s.actor(c), audit.Filter{Database: d.Name, Actions: views.Writing, Outcome: outcome,
			Since: v.Point.CreatedAt, Limit: maxUndone + 1})
		if err != nil {
			return err
		}
		v.More = v.More || len(es) > maxUndone
		v.Writes = append(v.Writes, es[:min(len(es), maxUndone)]...)
	}
	slices.SortFunc(v.Writes, func(a, b audit.Entry) int { return cmp.Compare(b.ID, a.ID) })
	if cause != nil {
		v.Error = fault.Message(cause)
	}
	p := s.databasePage(c, d, "backups", "Restore", layout.Crumb{Text: "Backups", Href: paths.Backups(d.Name)}, layout.Crumb{Text: "Restore"})
	return render(c, status, views.RestorePage(p, v))
}

func (s backups) pointsRestore(c echo.Context) error {
	t, name := target{point: c.FormValue("point"), at: c.FormValue("at")}, c.Param("db")
	if err := checkConfirmation(c, name); err != nil {
		return s.restorePage(c, statusOf(err), t, err)
	}
	at, err := time.Time{}, error(nil)
	if t.at != "" {
		if at, err = momentOf(t.at); err != nil {
			return s.pointsAnswer(c, err, "")
		}
	}
	err = s.runDetached(c, func(ctx context.Context, a auth.Actor) error {
		if t.at != "" {
			_, err := s.Keep.Points.RestoreAt(ctx, a, name, at)
			return err
		}
		_, err := s.Keep.Points.RestoreTo(ctx, a, name, t.point)
		return err
	})
	return s.pointsAnswer(c, err, "restored")
}
