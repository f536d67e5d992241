package builds_test

import (
	"fmt"
	"strings"
)

// The schemas of a folder, each with the versions it has. A name says what it is
// there for.

// app is plain: three versions, of which the second only adds and the third rebuilds.
var app = []string{
	`{"name":"app","version":1,"mixins":{"stamps":{"created_at":"text not null default now"}},
	  "tables":{"users":{"id":"integer primary key","email":"text not null unique","...stamps":true},
	   "orders":{"id":"integer primary key autoincrement","user_id":"integer not null -> users.id cascade","total":"real not null default 0"}},
	  "indexes":{"orders":{"orders_user":{"columns":["user_id","total desc"]}}}}`,
	`{"name":"app","version":2,
	  "tables":{"users":{"id":"integer primary key","email":"text not null unique","created_at":"text not null default now",
	    "role":"enum(owner,member) not null default member","name":"text fill (lower(email))"},
	   "orders":{"id":"integer primary key autoincrement","user_id":"integer not null -> users.id cascade","total":"real not null default 0"}},
	  "indexes":{"orders":{"orders_user":{"columns":["user_id","total desc"]}}}}`,
	`{"name":"app","version":3,
	  "tables":{"users":{"id":"integer primary key","email":"text not null unique","created_at":"text not null default now",
	    "role":"enum(owner,member) not null default member","name":"text fill (lower(email))","token":"text default (lower('A'))"},
	   "orders":{"id":"integer primary key autoincrement","user_id":"integer not null -> users.id cascade","total":"real not null default 0"}},
	  "indexes":{"orders":{"orders_user":{"columns":["user_id","total desc"]}}}}`,
}

// wide has one of everything the schema language has a word for.
var wide = []string{
	`{"name":"wide","version":1,"tables":{
	   "kinds":{"id":"integer primary key","t":"text default 'it''s'","i":"integer default -1","r":"real default 1.5",
	     "b":"blob","j":"json default (json_object())",
	     "o":"boolean not null default true","m":"timestamp_ms","e":"enum(a,'b c') default a","v":"sql(VARCHAR(20))",
	       "n":"sql()","d":"sql(DECIMAL(10,2)) default 0",
	     "c":"text collate nocase check (length(c) < 90)","g":"text as (upper(t)) stored","h":"integer as (i + 1)","x":"text default now"},
	   "pair":{"a":"text not null","b":"integer not null","c":"text collate rtrim","d":"integer","@primary key":"b, a",
	     "@unique":["c, d"],"@check":["b < 1000 or d > 0"],"@without rowid":true},
	   "strict":{"id":"text primary key not null","n":"integer","@strict":true},
	   "child":{"id":"integer primary key","b":"integer","a":"text",
	     "k":"text -> strict.id set null on update cascade deferred","@foreign key":["b, a -> pair(b, a) restrict"]},
	   "log":{"@sql":"CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT CONSTRAINT stamped NOT NULL ON CONFLICT IGNORE, ` +
		`UNIQUE (at) ON CONFLICT REPLACE)"}},
	  "indexes":{"kinds":{"kinds_t":{"columns":["\"t\" collate nocase desc","(length(t))"],"where":"t is not null"},
	    "kinds_i":{"columns":["i","r"],"unique":true}},
	    "child":{"child_key":{"columns":["b","a"]}}},
	  "views":{"loud":"CREATE VIEW loud AS SELECT id, upper(t) AS t FROM kinds WHERE i > 0"},
	  "triggers":{"noted":"CREATE TRIGGER noted AFTER INSERT ON kinds BEGIN INSERT INTO log (at) VALUES ('row ' || new.id); END"},
	  "virtual":{"words":"CREATE VIRTUAL TABLE words USING fts5(body)"}}`,
}

// adopted is SQL by which somebody else made a database. Its keys have collations and
// directions of their own.
var adopted = []string{
	`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT NOT NULL, nick TEXT COLLATE NOCASE, team TEXT, ` +
		`UNIQUE (email COLLATE NOCASE), UNIQUE (team COLLATE RTRIM, nick DESC))`,
	`CREATE TABLE tags (name TEXT, kind TEXT, weight INTEGER, PRIMARY KEY (name COLLATE NOCASE, kind DESC))`,
	`CREATE TABLE words (word TEXT, lang TEXT NOT NULL, PRIMARY KEY (word COLLATE NOCASE DESC, lang)) WITHOUT ROWID`,
	`CREATE TABLE notes (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people (id) ON DELETE CASCADE, body TEXT)`,
}

var adoptedRows = []string{
	`INSERT INTO people (email, nick, team) VALUES ('Ada@acme.test', 'ada', 'red'), ('bob@acme.test', 'Bob', 'red'), ` +
		`('cy@acme.test', NULL, NULL)`,
	`INSERT INTO tags VALUES ('Sun', 'day', 1), ('moon', 'day', 2), ('moon', 'night', 3)`,
	`INSERT INTO words VALUES ('Zeit', 'de'), ('time', 'en')`,
	`INSERT INTO notes (person, body) VALUES (1, 'first'), (2, 'second'), (3, NULL)`,
}

// verbatim holds such a key in the text of a table, and downward a primary key that
// the build of 2026-11-30 did not drop.
var verbatim = []string{
	`{"name":"verbatim","version":1,"tables":{
	   "members":{"@sql":"CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT NOT NULL, UNIQUE (email COLLATE NOCASE) ON CONFLICT FAIL)"},
	   "plain":{"@sql":"CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT, UNIQUE (a) ON CONFLICT IGNORE)"}}}`,
	`{"name":"verbatim","version":2,"tables":{
	   "members":{"@sql":"CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT NOT NULL, UNIQUE (email COLLATE NOCASE) ON CONFLICT FAIL)"},
	   "plain":{"@sql":"CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT, UNIQUE (a) ON CONFLICT IGNORE)"},
	   "more":{"id":"integer primary key"}}}`,
}

var downward = []string{
	`{"name":"downward","version":1,"tables":{"down":{"@sql":"CREATE TABLE down (id INTEGER PRIMARY KEY DESC, n TEXT)"}}}`,
}

// withColumn is a source as its next version, with one more column in a table, which
// only a rebuild can bring.
func withColumn(source, table string, version int) string {
	source = strings.Replace(source, fmt.Sprintf(`"version": %d`, version-1), fmt.Sprintf(`"version": %d`, version), 1)
	return strings.Replace(source, fmt.Sprintf(`%q: {`, table), fmt.Sprintf(`%q: { "x": "text default (lower('A'))",`, table), 1)
}
