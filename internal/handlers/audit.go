package handlers

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// auditPage is how many entries a page of the log shows, auditBatch how many an
// export reads at once.
const (
	auditPage  = 100
	auditBatch = 500
)

// auditFilter reads the log's filter from the URL. Days are in UTC; until is the
// last day that is shown.
func auditFilter(c echo.Context) (audit.Filter, error) {
	f := audit.Filter{
		Action: audit.Action(c.QueryParam("action")), Outcome: audit.Outcome(c.QueryParam("outcome")), Actor: c.QueryParam("actor"),
		Org: c.QueryParam("org"), Database: c.QueryParam("database"), Search: c.QueryParam("q"), Before: c.QueryParam("before"),
	}
	for _, d := range []struct {
		name string
		at   *time.Time
		add  int
	}{{"since", &f.Since, 0}, {"until", &f.Until, 1}} {
		text := c.QueryParam(d.name)
		if text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return f, fault.New(fault.Invalid, "%.20q is no day; write it as 2026-11-23.", text)
		}
		*d.at = day.AddDate(0, 0, d.add)
	}
	return f, nil
}

func (s auditlog) auditIndex(c echo.Context) error {
	f, err := auditFilter(c)
	if err != nil {
		return err
	}
	f.Limit = auditPage + 1
	es, err := s.Desk.Entries(c.Request().Context(), s.actor(c), f)
	if err != nil {
		return err
	}
	v := views.Audit{Filter: f, Since: c.QueryParam("since"), Until: c.QueryParam("until"), Query: c.QueryParams(), More: len(es) > auditPage}
	v.Entries = es[:min(len(es), auditPage)]
	return render(c, http.StatusOK, views.AuditPage(s.page(c, "Audit log", "audit", layout.Crumb{Text: "Audit log"}), v))
}

// auditCSV writes all matching entries, read in batches, so its size is bounded
// by nothing but the log.
func (s auditlog) auditCSV(c echo.Context) error {
	f, err := auditFilter(c)
	if err != nil {
		return err
	}
	f.Limit = auditBatch
	es, err := s.Desk.Entries(c.Request().Context(), s.actor(c), f)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="audit.csv"`)
	w := csv.NewWriter(c.Response())
	w.UseCRLF = true
	_ = w.Write([]string{"id", "at", "actor", "ip", "action", "outcome", "intent", "organization", "database", "target",
		"statement", "detail", "rows", "request"})
	for len(es) > 0 {
		for _, e := range es {
			_ = w.Write([]string{
				e.ID, e.At.Format(time.RFC3339Nano), csvCell(e.Actor), e.IP, string(e.Action), string(e.Outcome), e.Intent,
				csvCell(e.Org), csvCell(e.Database), csvCell(e.Target),
				csvCell(e.Statement), csvCell(e.Detail), strconv.FormatInt(e.Rows, 10), e.Request,
			})
		}
		w.Flush()
		if w.Error() != nil { // the client left
			return nil
		}
		f.Before = es[len(es)-1].ID
		if es, err = s.Desk.Entries(c.Request().Context(), s.actor(c), f); err != nil {
			s.Log.Error("audit export", "error", err)
			panic(http.ErrAbortHandler) // a file that is cut must not look whole
		}
	}
	return nil
}

// csvCell keeps a text from being a formula where the file is opened: a leading
// apostrophe shows it as text (OWASP, CSV injection).
func csvCell(s string) string {
	if trimmed := strings.TrimLeft(s, " '\""); trimmed != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(trimmed)[0]) {
		return "'" + s
	}
	return s
}
