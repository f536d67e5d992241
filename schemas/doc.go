// Package schemas holds the schemas that come with the dashboard: what the
// database of an organization looks like, one file per version.
//
// A file is called name.vN.json and is written in the schema DSL: a column is
// one string whose first word is its type, "...name" takes over the columns of
// a mixin, and indexes are listed apart from the tables. Sections keep the
// order of the file, and so do the columns of a table.
//
// A version that was published is never edited: databases are already on it. A
// change is a new file, and it puts a table's new columns after the existing
// ones, where ALTER TABLE puts them too. Version 2 of organization needs no
// table to be rebuilt: SQLite adds a column in place only when it is neither
// UNIQUE nor a primary key, has a constant default, and may be NULL if it
// refers to another table.
package schemas
