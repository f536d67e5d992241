// Package browse shows a database's tables a page at a time, and changes rows.
//
// It says what a person means by a page, a cell, a key and a change, and holds no SQL:
// what a table is comes from internal/live, and every statement is compiled by
// internal/orm, over tables whose columns are known by their places.
//
// # One page
//
//	cat, err := browse.Load(ctx, conn)                 // one round trip: what there is
//	req, err := browse.ParseRequest("users", r.Form)   // or a Request by hand
//	page, err := browse.Fetch(ctx, conn, cat, req)     // one round trip for a table
//	c, err := cat.CellContent(ctx, conn, "users", page.Rows[0].Key, "bio")
//
// A view or virtual table needs a round trip more for its columns, which its
// text doesn't tell.
//
// # Paging
//
// Rows are ordered by the sort column and then by what makes a row unique: the
// primary key, or the rowid. A cursor holds those values of a page's last or
// first row, so page 9,000 costs what page 1 does, there is no OFFSET and no
// COUNT, and rows that come and go in between neither repeat nor hide others.
// What has no such key (views, most virtual tables) shows its first rows only,
// and [Page.Keyless] says why.
//
// NULL comes before everything, as SQLite sorts it: first ascending, last
// descending.
//
// # Values
//
// A text or BLOB of more than [MaxCell] characters or bytes is cut by the
// database, so long cells never travel; [Catalog.CellContent] fetches one. What a person types
// into a filter is compared by the column's affinity, numbers exactly.
//
// # Changing rows
//
//	w, err := cat.Update(ctx, conn, "users", edits, now)   // nothing is sent yet
//	fmt.Println(w.SQL())
//	err = w.Show(req)                                      // the rows are to be shown as that page does
//	done, err := w.Run(ctx, conn)                          // one batch, all or nothing
//
// Insert and Delete are alike, and [Catalog.Question] is what is to be known before a
// deletion. The batch fails if the table was altered since the catalog was read: see
// [live.Cache.Change]. A row is changed by its key. An update also compares
// each edited column with the value that was seen; one that differs undoes the
// whole batch, and a [ConflictError] has what was seen and what is there.
//
// # Limits
//
// Every statement keeps D1's: 100 result columns, 100 values, compounds of 5, no
// LIKE. A request that can't is fault.Invalid with a sentence that says why.
package browse
