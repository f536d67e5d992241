package views

import "github.com/a-h/templ"

// invalid ties a field to what is wrong with it.
func invalid(field, message string) templ.Attributes {
	if message == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": field + "-error"}
}
