// Package schema holds database schemas as pure values.
//
// # From text to value and back
//
// [Parse] reads the schema files: one string a column, strict, every mistake at
// once with its place. [FromObjects] reads what a database keeps of itself in
// sqlite_master. Both give a [Schema], whose [Schema.DDL] is the SQL that makes
// it. Columns keep the order they were written in.
//
// # Comparing
//
// [Schema.Hash] is the SHA-256 of the canonical form, which is the same for the
// same meaning: blanks, comments, quotes, the order of tables and columns, the
// schema's name and version number do not count, and neither do text against
// json or integer against boolean. [Diff] lists what has to change, in words.
package schema
