package schemas

import "embed"

// FS holds the schema files, at its root.
//
//go:embed *.json
var FS embed.FS
