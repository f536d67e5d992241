#include "csqlite.h"

#include <string.h>

// A page's values have to be somewhere else when its statement has gone on, so
// texts are copied, as the engine's are.
static char copied[1 << 16];

int csqlite_run(sqlite3_stmt *st, sqlite3_int64 parameter, result *r) {
	int code = sqlite3_bind_int64(st, 1, parameter);
	if (code != SQLITE_OK) return code;
	const int columns = sqlite3_column_count(st);
	double reals = 0;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		r->rows++;
		size_t used = 0;
		for (int i = 0; i < columns; i++) {
			switch (sqlite3_column_type(st, i)) {
			case SQLITE_INTEGER:
				r->sum += sqlite3_column_int64(st, i);
				break;
			case SQLITE_FLOAT:
				reals += sqlite3_column_double(st, i);
				break;
			case SQLITE_TEXT:
			case SQLITE_BLOB: {
				const unsigned char *text = sqlite3_column_text(st, i);
				size_t n = (size_t)sqlite3_column_bytes(st, i);
				if (used + n > sizeof copied) used = 0;
				if (n <= sizeof copied) memcpy(copied + used, text, n);
				used += n;
				r->sum += (sqlite3_int64)n;
			}
			}
		}
	}
	volatile double keep = reals; // or the compiler reads none of them
	(void)keep;
	int reset = sqlite3_reset(st);
	return code == SQLITE_DONE ? reset : code;
}

static int text(sqlite3_stmt *st, int i, const char *v) { return sqlite3_bind_text(st, i, v, (int)strlen(v), 0); }

int csqlite_insert(sqlite3 *db, const char *sql, int n) {
	sqlite3_stmt *st;
	int code = sqlite3_exec(db, "begin immediate", 0, 0, 0);
	if (code != SQLITE_OK) return code;
	code = sqlite3_prepare_v2(db, sql, -1, &st, 0);
	for (int i = 1; code == SQLITE_OK && i <= n; i++) {
		sqlite3_bind_int64(st, 1, i);
		text(st, 2, "grace.hopper@example.com");
		text(st, 3, "Grace Hopper");
		text(st, 4, "member");
		sqlite3_bind_int64(st, 5, i % 977);
		sqlite3_bind_double(st, 6, i * 1.25);
		text(st, 7, "2026-03-14 15:09:26");
		sqlite3_bind_null(st, 8);
		sqlite3_bind_int64(st, 9, i & 1);
		text(st, 10, "Arlington");
		code = sqlite3_step(st) == SQLITE_DONE ? SQLITE_OK : 1;
		int reset = sqlite3_reset(st);
		if (code == SQLITE_OK) code = reset;
	}
	sqlite3_finalize(st);
	if (code != SQLITE_OK) {
		sqlite3_exec(db, "rollback", 0, 0, 0);
		return code;
	}
	return sqlite3_exec(db, "commit", 0, 0, 0);
}
