package schema_test

import (
	"fmt"
	"log"

	"github.com/kuratchi/dashboard/internal/schema"
)

func Example() {
	first, err := schema.Parse([]byte(`{"name": "shop", "version": 1, "tables": {"users": {
		"id": "text primary key not null",
		"email": "text not null unique"}}}`))
	if err != nil {
		log.Fatal(err)
	}
	second, err := schema.Parse([]byte(`{"name": "shop", "version": 2, "tables": {"users": {
		"id": "text primary key not null",
		"email": "text not null unique",
		"locale": "text not null default 'en'"}}}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, sql := range first.DDL() {
		fmt.Println(sql)
	}
	for _, change := range schema.Diff(first, second) {
		fmt.Println(change.Words())
	}

	_, err = schema.Parse([]byte(`{"name": "shop", "version": 3, "tables": {"users": {"id": "texte"}}}`))
	fmt.Println(err)
	// Output:
	// CREATE TABLE "users" (
	//   "id" TEXT NOT NULL PRIMARY KEY,
	//   "email" TEXT NOT NULL UNIQUE
	// )
	// Add column users.locale
	// line 1, column 60: users.id: "texte" is no type; use text, integer, real, blob, json, boolean, timestamp_ms, enum(…) or sql(…)
}
