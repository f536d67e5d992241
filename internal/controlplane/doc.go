// Package controlplane is where the dashboard remembers: organizations,
// databases, schemas, plans, operators, sessions and the audit log.
//
// [Store] holds a type for each table; who needs one subject is given its table.
// The tables are declared in our schema language (schema.json), read and written
// through our orm, and migrated by our planner, through d1.Conn alone: the
// control plane can live in any D1 database. Every change is one batch together
// with the audit entries that tell of it, whichever tables it reaches over. A
// change that depends on what was read before carries the condition in the batch,
// so two programs can't overwrite each other.
package controlplane
