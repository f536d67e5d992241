package handlers

import (
	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s plans) fillsResume(c echo.Context) error {
	return s.planAnswer(c, s.Change.Fills.ResumeFilling(c.Request().Context(), s.actor(c), id.Plan(c.Param("plan"))))
}

func (s plans) fillsStop(c echo.Context) error {
	return s.planAnswer(c, s.Change.Fills.StopFilling(c.Request().Context(), s.actor(c), id.Plan(c.Param("plan"))))
}

// offerAnswer shows the editor with what is offered instead of a plan, compared with the
// latest version. Nothing is saved.
func (s schemas) offerAnswer(c echo.Context, v views.Editor, plan id.Plan) error {
	ctx := c.Request().Context()
	name, source, err := s.Change.Plans.DrawOffer(ctx, s.actor(c), plan)
	if err == nil && name != v.Name {
		err = fault.New(fault.NotFound, "The plan %s is of another schema.", plan)
	}
	if err != nil {
		return s.editorAnswer(c, v, err)
	}
	v.Source = source
	v.Draft, err = s.Change.Schemas.CheckVersion(ctx, v.Name, source)
	return s.editorAnswer(c, v, err)
}
