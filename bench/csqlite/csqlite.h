// What the loops use of SQLite's interface (https://sqlite.org/c3ref/intro.html),
// since the driver doesn't hand its header on.

#ifndef CSQLITE_H
#define CSQLITE_H

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef long long sqlite3_int64;

enum { SQLITE_OK = 0, SQLITE_ROW = 100, SQLITE_DONE = 101 };
enum { SQLITE_OPEN_READWRITE = 2, SQLITE_OPEN_CREATE = 4, SQLITE_OPEN_NOMUTEX = 0x8000 };
enum { SQLITE_INTEGER = 1, SQLITE_FLOAT = 2, SQLITE_TEXT = 3, SQLITE_BLOB = 4, SQLITE_NULL = 5 };

int sqlite3_libversion_number(void);
int sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs);
int sqlite3_close(sqlite3 *db);
const char *sqlite3_errmsg(sqlite3 *db);
int sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *arg, char **message);
int sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **st, const char **tail);
int sqlite3_step(sqlite3_stmt *st);
int sqlite3_reset(sqlite3_stmt *st);
int sqlite3_finalize(sqlite3_stmt *st);
int sqlite3_bind_int64(sqlite3_stmt *st, int i, sqlite3_int64 v);
int sqlite3_bind_double(sqlite3_stmt *st, int i, double v);
int sqlite3_bind_text(sqlite3_stmt *st, int i, const char *v, int bytes, void (*destroy)(void *));
int sqlite3_bind_null(sqlite3_stmt *st, int i);
int sqlite3_column_count(sqlite3_stmt *st);
int sqlite3_column_type(sqlite3_stmt *st, int i);
int sqlite3_column_bytes(sqlite3_stmt *st, int i);
double sqlite3_column_double(sqlite3_stmt *st, int i);
sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *st, int i);
const unsigned char *sqlite3_column_text(sqlite3_stmt *st, int i);

// result is what reading rows gave.
typedef struct {
	sqlite3_int64 rows, sum;
} result;

int csqlite_run(sqlite3_stmt *st, sqlite3_int64 parameter, result *r);
int csqlite_insert(sqlite3 *db, const char *sql, int n);

#endif
