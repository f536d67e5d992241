package orm

import "github.com/kuratchi/dashboard/internal/d1"

// SelectStmt compiles the statement of Many.
func (q Query) SelectStmt() (d1.Stmt, error) { return q.selectStmt() }
