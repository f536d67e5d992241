package database_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/database"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/schema"
)

func Example() {
	dir, err := os.MkdirTemp("", "databases")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	engine, err := local.Open(dir, local.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = engine.Close() }()
	s, err := schema.Parse([]byte(`{"name":"organization","version":1,"tables":{
		"users":{"id":"text primary key not null","email":"text not null unique"}}}`))
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	in, err := database.New(engine, database.Options{GatewayKey: "keep-this-out-of-the-code"})
	if err != nil {
		log.Fatal(err)
	}
	made, err := in.Create(ctx, database.CreateInput{Name: "acme-org-001", Migrate: true, Schema: s, Actor: "ada"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.WorkerName, made.Migration.Changed)

	db, err := in.Client(ctx, database.ClientInput{DatabaseName: "acme-org-001", Token: made.Token, Schema: s})
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Table("users").Insert(ctx, orm.Values{"id": "1", "email": "grace@example.com"}); err != nil {
		log.Fatal(err)
	}

	raw, err := in.HTTPClient(ctx, database.HTTPClientInput{DatabaseName: "acme-org-001", Token: made.Token})
	if err != nil {
		log.Fatal(err)
	}
	rec, found, err := raw.First(ctx, "select email from users where id = ?", []d1.Value{d1.Str("1")}, "email")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rec.Values[0].Text(), found)

	_, err = in.HTTPClient(ctx, database.HTTPClientInput{DatabaseName: "acme-org-002", Token: made.Token})
	fmt.Println(database.ReasonOf(err))
	fmt.Println(in)
	// Output:
	// kuratchi-d1-acme-org-001 true
	// grace@example.com true
	// dbname_mismatch
	// database.Instance{GatewayKey:[redacted] ScriptName:kuratchi-d1}
}
