package demo

import (
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/schemas"
)

// The schema that all databases are at, and its newest version.
const (
	schemaName = "organization"
	newest     = 3
)

// thirdVersion makes version 3 from the text of version 2, so that the file
// keeps its order. Each of the old texts is there exactly once.
var thirdVersion = []struct{ old, new string }{
	{`"version": 2`, `"version": 3`},
	{`"locale": "text not null default 'en'"`, `"locale": "text not null default 'en'",
      "timezone": "text"`},
	{`"visibility": "enum(public,unlisted,private) not null default public"`,
		`"visibility": "enum(public,unlisted,private) not null default public",
      "lastPublishedAt": "timestamp_ms"`},
	{`"idx_sites_visibility": {"columns": ["visibility", "environment"]}`, `"idx_sites_visibility": {"columns": ["visibility", "environment"]},
      "idx_sites_published": {"columns": ["lastPublishedAt"]}`},
}

// versions returns the sources of the schema's versions, from 1.
func versions() ([]string, error) {
	var sources []string
	for v := 1; v < newest; v++ {
		b, err := schemas.FS.ReadFile(fmt.Sprintf("%s.v%d.json", schemaName, v))
		if err != nil {
			return nil, err
		}
		sources = append(sources, string(b))
	}
	last := sources[len(sources)-1]
	for _, r := range thirdVersion {
		if n := strings.Count(last, r.old); n != 1 {
			return nil, fmt.Errorf("demo: %q is %d times in version %d of %s", r.old, n, newest-1, schemaName)
		}
		last = strings.Replace(last, r.old, r.new, 1)
	}
	return append(sources, last), nil
}
