package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// patience is how long a form waits for what is done to a whole database. What
// takes longer goes on without it, and the page it leads to shows how it stands:
// gigabytes take longer than a proxy, or a person, waits.
const patience = 1500 * time.Millisecond

// errDetached is no failure: the form waited long enough.
var errDetached = errors.New("handlers: it goes on")

// runDetached does something whether or not the browser waits for it.
func (s *Server) runDetached(c echo.Context, do func(context.Context, auth.Actor) error) error {
	ctx, a := context.WithoutCancel(c.Request().Context()), s.actor(c) // c is another request's later
	ended, left := make(chan error), make(chan struct{})
	go func() {
		err := recoverPanic(func() error { return do(ctx, a) })
		select {
		case ended <- err:
		case <-left:
			if err != nil {
				s.Log.Error("it went on and failed", "actor", a.Email, "request", a.RequestID, "error", err)
			}
		}
	}()
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case err := <-ended:
		return err
	case <-wait.C:
		close(left)
		return errDetached
	}
}

// recoverPanic is do, with a panic as an error: nothing else stands between it and
// the whole program.
func recoverPanic(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return do()
}

// checkConfirmation checks that the name of a thing was typed to confirm.
func checkConfirmation(c echo.Context, name string) error {
	if c.FormValue("confirm") != name {
		return fault.New(fault.Invalid, "Type %s, exactly so. Nothing was changed.", name).At("confirm")
	}
	return nil
}

func (s settings) settingsShow(c echo.Context) error {
	return s.settingsPage(c, http.StatusOK, "", nil)
}

// settingsPage shows the settings again with what a form was refused for.
func (s settings) settingsPage(c echo.Context, status int, verb string, cause error) error {
	d, err := s.Fleet.Database(c.Request().Context(), s.actor(c), c.Param("db"))
	if err != nil {
		return err
	}
	v := views.DatabaseSettings{Database: d, Latest: s.latestVersion(c, d), Condition: s.Health.Condition(d), Work: s.Fleet.Holds.Work(d.ID),
		Unsettled: s.Fleet.Settler.UnsettledOf(d.ID), MayMove: s.Fleet.Places.HasD1(), Export: s.Keep.Copies.ReadyExport(d.ID)}
	v.OnD1, v.Origin = s.aside(c, d, v.Work)
	v.Import = importEnd(v.Work, verb, cause)
	if v.Filling, err = s.Change.Fills.FillingPlans(c.Request().Context(), s.actor(c), d.Name); err != nil {
		return err
	}
	if v.MayMove && d.Provider == fleet.Embedded && d.State == fleet.Ready {
		// One that can't be read says so on its own pages; Move asks again.
		v.Against, _ = s.Keep.Moves.D1Obstacle(c.Request().Context(), d)
	}
	if cause != nil {
		v.Error = fault.Message(cause)
		if fault.FieldOf(cause) == "confirm" {
			v.Verb = verb
		}
	}
	p := s.databasePage(c, d, "settings", "Settings", layout.Crumb{Text: "Settings"})
	if d.State != fleet.Ready {
		p.Tabs = nil
	}
	return render(c, status, views.SettingsPage(p, v))
}

// change is a button or form of the settings: its verb, whether the name has to
// be typed, what it does and the toast it ends with.
func (s settings) change(verb string, confirm bool, do func(c echo.Context, a auth.Actor, name string) error,
	toast string) echo.HandlerFunc {
	return func(c echo.Context) error {
		name := c.Param("db")
		if _, err := s.Fleet.Database(c.Request().Context(), s.actor(c), name); err != nil {
			return err
		}
		var err error
		if confirm {
			err = checkConfirmation(c, name)
		}
		if err == nil {
			err = do(c, s.actor(c), name)
		}
		if errors.Is(err, errDetached) {
			return redirect(c, paths.Settings(name))
		}
		if isFormError(err) || fault.Is(err, fault.Unknown) {
			return s.settingsPage(c, statusOf(err), verb, err)
		}
		if err != nil {
			return err
		}
		return redirect(c, donePath(paths.Settings(name), toast))
	}
}

func (s settings) databasesCheck(c echo.Context) error {
	return s.change("check", false, func(c echo.Context, a auth.Actor, name string) error {
		_, err := s.Health.Check(c.Request().Context(), a, name)
		return err
	}, "checked")(c)
}

func (s settings) databasesArchive(c echo.Context) error {
	return s.change("archive", true, func(c echo.Context, a auth.Actor, name string) error {
		return s.Keep.Archive(c.Request().Context(), a, name)
	}, "archived")(c)
}

func (s settings) databasesUnarchive(c echo.Context) error {
	return s.change("unarchive", false, func(c echo.Context, a auth.Actor, name string) error {
		return s.Keep.Unarchive(c.Request().Context(), a, name)
	}, "unarchived")(c)
}

// databasesSettle reads again what became of work that was cut short.
func (s settings) databasesSettle(c echo.Context) error {
	return s.change("settle", false, func(c echo.Context, a auth.Actor, name string) error {
		return s.Fleet.SettleDatabase(c.Request().Context(), a, name)
	}, "settled")(c)
}

// databasesDelete asks for the name, but for one that is being deleted already: that is tried
// again.
func (s settings) databasesDelete(c echo.Context) error {
	d, err := s.Fleet.Database(c.Request().Context(), s.actor(c), c.Param("db"))
	if err != nil {
		return err
	}
	return s.change("delete", d.State == fleet.Ready || d.State == fleet.Archived, func(c echo.Context, a auth.Actor, name string) error {
		return s.Keep.Delete(c.Request().Context(), a, name)
	}, "")(c)
}

func (s settings) databasesRevive(c echo.Context) error {
	return s.change("revive", false, func(c echo.Context, _ auth.Actor, name string) error {
		return s.runDetached(c, func(ctx context.Context, a auth.Actor) error { return s.Keep.Revive(ctx, a, name) })
	}, "revived")(c)
}

// databasesDownload sends a database, or a restore point of it, as a file.
func (s settings) databasesDownload(c echo.Context) error {
	name := c.Param("db")
	d, err := s.Fleet.Database(c.Request().Context(), s.actor(c), name)
	if err != nil {
		return err
	}
	if d.Provider == fleet.D1 && d.State == fleet.Ready && c.FormValue("point") == "" && s.Keep.Copies.ReadyExport(d.ID).At.IsZero() {
		return s.change("export", false, func(c echo.Context, _ auth.Actor, name string) error {
			return s.runDetached(c, func(ctx context.Context, a auth.Actor) error { return s.Keep.Copies.PrepareExport(ctx, a, name) })
		}, "exported")(c)
	}
	f, err := s.Keep.Copies.Download(c.Request().Context(), s.actor(c), name, c.FormValue("point"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/vnd.sqlite3")
	h.Set(echo.HeaderContentLength, strconv.FormatInt(f.Size(), 10))
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name + ".db"}))
	c.Response().WriteHeader(http.StatusOK)
	if _, err := io.Copy(c.Response(), f); err != nil {
		panic(http.ErrAbortHandler) // a file that is cut must not look whole
	}
	return nil
}

// maxImport is how large a file may be that is uploaded to be imported.
const maxImport = 512 << 20

// databasesImport fills an empty database from an uploaded SQLite file.
func (s settings) databasesImport(c echo.Context) error {
	return s.change("import", false, func(c echo.Context, _ auth.Actor, name string) error {
		u, err := s.readUpload(c, "file")
		if err != nil {
			return asFault(err)
		}
		return s.runDetached(c, func(ctx context.Context, a auth.Actor) error {
			defer u.drop()
			_, err := s.Keep.Copies.Import(ctx, a, name, u.path, u.leaveOut)
			return err
		})
	}, "imported")(c)
}

// importEnd is how the last import into a database ended, nil for none: the form's that
// was refused, or the work's.
func importEnd(w fleet.Work, verb string, cause error) *views.ImportEnd {
	switch {
	case verb == "import" && cause != nil:
		return &views.ImportEnd{Error: fault.Message(cause), Empty: fault.Is(cause, fault.Invalid),
			Unclear: fault.Is(cause, fault.Unknown), Helps: fault.FieldOf(cause) == leaveOutField}
	case cause != nil || !w.Is(fleet.OpImport) || w.Running():
		return nil
	}
	return &views.ImportEnd{Work: w, Error: w.Error, Empty: fault.Is(w.Cause, fault.Invalid),
		Unclear: fault.Is(w.Cause, fault.Unknown), Helps: w.Cause != nil && fault.FieldOf(w.Cause) == leaveOutField}
}

func (s settings) databasesMove(c echo.Context) error {
	place := c.FormValue("place")
	return s.change("move", true, func(c echo.Context, _ auth.Actor, name string) error {
		return s.runDetached(c, func(ctx context.Context, a auth.Actor) error { return s.Keep.Moves.Move(ctx, a, name, place) })
	}, "moved")(c)
}

func (s settings) databasesLetGo(c echo.Context) error {
	lose := c.FormValue("lose") != ""
	return s.change("let-go", true, func(c echo.Context, _ auth.Actor, name string) error {
		return s.runDetached(c, func(ctx context.Context, a auth.Actor) error { return s.Keep.Moves.RemoveOrigin(ctx, a, name, lose) })
	}, "let-go")(c)
}

func (s settings) databasesReplication(c echo.Context) error {
	mode := c.FormValue("mode")
	return s.change("replication", false, func(c echo.Context, a auth.Actor, name string) error {
		return s.Keep.SetReplication(c.Request().Context(), a, name, mode)
	}, "replication-"+mode)(c)
}
