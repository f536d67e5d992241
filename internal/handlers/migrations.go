package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// versionOf reads a version number, 0 for none.
func versionOf(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.New(fault.NotFound, "There is no version %.20q.", text)
	}
	return n, nil
}

func (s plans) migrationsShow(c echo.Context) error {
	form := c.QueryParams()
	if d := draft(c); d != nil {
		form = d
	}
	return s.migrationsPage(c, http.StatusOK, form, nil)
}

// migrationsPage compares the live database with what form names, its own
// schema's latest version for nothing.
func (s plans) migrationsPage(c echo.Context, status int, form url.Values, cause error) error {
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		ctx := c.Request().Context()
		v := views.Migrations{Database: d, Schema: form.Get("schema")}
		var err error
		if v.Version, err = versionOf(form.Get("version")); err != nil {
			return err
		}
		if v.Schemas, err = s.schemaList(ctx); err != nil {
			return err
		}
		if v.Schema == "" {
			v.Schema = d.Schema
		}
		if v.Schema == "" && v.Schemas.Total > 0 {
			v.Schema = v.Schemas.Schemas[0].Name
		}
		db, ledger, err := s.Fleet.Inspect(ctx, d, conn)
		if err != nil {
			return err
		}
		v.Ledger = ledger
		if err := s.compare(c, d, db, &v); err != nil {
			return err
		}
		if cause != nil {
			v.Error = fault.Message(cause)
		}
		if v.Plans, _, err = s.Change.Plans.List(ctx, s.actor(c), d.Name, fleet.Page{Number: 1, Size: pageSize}); err != nil {
			return err
		}
		if v.Filling, err = s.Change.Fills.FillingPlans(ctx, s.actor(c), d.Name); err != nil {
			return err
		}
		return render(c, status, views.MigrationsPage(s.databasePage(c, d, "migrations", "Migrations", layout.Crumb{Text: "Migrations"}), v))
	})
}

func (s plans) compare(c echo.Context, d fleet.Database, db *live.Database, v *views.Migrations) error {
	if v.Schema == "" {
		return nil
	}
	ctx := c.Request().Context()
	sc, err := s.Change.Schemas.Schema(ctx, v.Schema)
	if err != nil {
		return err
	}
	v.Latest = sc.Latest
	if v.Versions, _, err = s.Change.Schemas.Versions(ctx, v.Schema, options); err != nil {
		return err
	}
	if v.Version == 0 || v.Version > sc.Latest {
		v.Version = sc.Latest
	}
	if v.Plan, err = s.Change.Plans.Review(ctx, d, db, v.Schema, v.Version); fault.Is(err, fault.Invalid) {
		v.Error = fault.Message(err)
		return nil
	}
	return err
}

func (s plans) plansCreate(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	version, err := versionOf(form.Get("version"))
	if err != nil {
		return err
	}
	p, err := s.Change.Plans.Propose(c.Request().Context(), s.actor(c), c.Param("db"), form.Get("schema"), version)
	if isFormError(err) {
		return s.migrationsPage(c, statusOf(err), form, err)
	}
	if err != nil {
		return err
	}
	return redirect(c, paths.Plan(p.ID))
}

func (s plans) plansShow(c echo.Context) error { return s.planPage(c, http.StatusOK, nil) }

// plansRehearse leads to the plan's page, which shows how the rehearsal stands.
func (s plans) plansRehearse(c echo.Context) error {
	plan := id.Plan(c.Param("plan"))
	err := s.runDetached(c, func(ctx context.Context, a auth.Actor) error { return s.Change.Rehearsals.Rehearse(ctx, a, plan) })
	if errors.Is(err, errDetached) {
		return redirect(c, paths.Plan(plan))
	}
	return s.planAnswer(c, err)
}

// plansRehearsal is how a rehearsal stands, for the page that waits for its end.
func (s plans) plansRehearsal(c echo.Context) error {
	plan, err := s.Change.Plans.Plan(c.Request().Context(), s.actor(c), id.Plan(c.Param("plan")))
	if err != nil {
		return err
	}
	r := s.Change.Rehearsals.LastRehearsal(plan.ID)
	if !isFragment(c) || r.Since.IsZero() {
		return redirect(c, paths.Plan(plan.ID))
	}
	return render(c, http.StatusOK, views.RehearsalCard(plan.ID, r))
}

func (s plans) planPage(c echo.Context, status int, cause error) error {
	ctx := c.Request().Context()
	plan, err := s.Change.Plans.Plan(ctx, s.actor(c), id.Plan(c.Param("plan")))
	if err != nil {
		return err
	}
	v := views.Plan{Plan: plan, Rehearsed: s.Change.Rehearsals.LastRehearsal(plan.ID), Rights: rightsOf(c)}
	if cause != nil {
		v.Error = fault.Message(cause)
	}
	if v.Look, err = s.Change.Plans.Look(ctx, plan); err != nil && cause == nil {
		v.Error = fault.Message(err) // the plan can be read all the same
	}
	if v.Fills, err = s.Change.Fills.FillProgress(ctx, plan); err != nil && plan.Filling.State != fleet.FillDone && cause == nil {
		v.Error = fault.Message(err)
	}
	d, err := s.Fleet.Database(ctx, s.actor(c), plan.Database)
	if err != nil {
		return err
	}
	if plan.Point != "" && d.State == fleet.Ready && v.Rights.Restore {
		_, err := s.Keep.Points.Point(ctx, d, plan.Point)
		v.Restorable = err == nil
	}
	p := s.databasePage(c, d, "migrations", "plan", layout.Crumb{Text: "Migrations", Href: paths.Migrations(d.Name)},
		layout.Crumb{Text: plan.Hash[:8], Mono: true})
	return render(c, status, views.PlanPage(p, v))
}

// planAnswer answers what an operator did to a plan: with the plan as it is now.
func (s plans) planAnswer(c echo.Context, err error) error {
	// One that can't be told is told by the plan itself, as it stands.
	if isFormError(err) || fault.Is(err, fault.Unknown) {
		return s.planPage(c, statusOf(err), err)
	}
	if err != nil {
		return err
	}
	return redirect(c, paths.Plan(id.Plan(c.Param("plan"))))
}

func (s plans) plansApprove(c echo.Context) error { return s.plansDecide(c, true) }
func (s plans) plansReject(c echo.Context) error  { return s.plansDecide(c, false) }

func (s plans) plansDecide(c echo.Context, approve bool) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	consent := change.Consent{Acknowledged: form["acknowledge"]}
	for i, finding := range form["finding"] {
		if code, object, ok := strings.Cut(finding, " "); ok && i < len(form["reason"]) {
			consent.Overrides = append(consent.Overrides, migrate.Override{Code: code, Object: object, Reason: strings.TrimSpace(form["reason"][i])})
		}
	}
	_, err = s.Change.Plans.Decide(c.Request().Context(), s.actor(c), id.Plan(c.Param("plan")),
		change.Decision{Hash: form.Get("hash"), Approve: approve, Consent: consent})
	return s.planAnswer(c, err)
}

func (s plans) plansApply(c echo.Context) error {
	ctx, plan := c.Request().Context(), id.Plan(c.Param("plan"))
	p, err := s.Change.Plans.Plan(ctx, s.actor(c), plan)
	if err != nil {
		return err
	}
	if c.FormValue("confirm") != p.Database {
		return s.planAnswer(c, fault.New(fault.Invalid, "To apply the plan, type the name of the database, %s. Nothing was changed.", p.Database))
	}
	hash := c.FormValue("hash")
	err = s.runDetached(c, func(ctx context.Context, a auth.Actor) error {
		_, err := s.Change.Plans.Apply(ctx, a, plan, hash)
		return err
	})
	if errors.Is(err, errDetached) {
		s.awaitApply(ctx, s.actor(c), plan)
		return redirect(c, paths.Plan(plan)) // the plan's page shows how it stands
	}
	return s.planAnswer(c, err)
}

// plansSettle reads again what became of a plan.
func (s plans) plansSettle(c echo.Context) error {
	p, err := s.Change.Plans.Plan(c.Request().Context(), s.actor(c), id.Plan(c.Param("plan")))
	if err != nil {
		return err
	}
	return s.planAnswer(c, s.Fleet.SettleDatabase(c.Request().Context(), s.actor(c), p.Database))
}

// plansRetry makes a new attempt of a plan that failed, and leads to it.
func (s plans) plansRetry(c echo.Context) error {
	p, err := s.Change.Plans.RetryPlan(c.Request().Context(), s.actor(c), id.Plan(c.Param("plan")))
	if err != nil {
		return s.planAnswer(c, err)
	}
	return redirect(c, donePath(paths.Plan(p.ID), "retried"))
}

// awaitApply waits until a plan that is being applied says so, which it does once its restore
// point is kept: its page would offer to apply it again. After ten seconds it is shown
// as it stands.
func (s plans) awaitApply(ctx context.Context, a auth.Actor, plan id.Plan) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		p, err := s.Change.Plans.Plan(ctx, a, plan)
		if err != nil || p.State != fleet.PlanApproved {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
