package database_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/database"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
)

func TestManyClientsSynchronizeOnce(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	made := mustCreate(t, in, database.CreateInput{Name: "acme"})
	p.hold = make(chan struct{})
	input := database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: usersV1(t)}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			db, err := in.Client(t.Context(), input)
			if err != nil {
				t.Error(err)
				return
			}
			id := fmt.Sprint(i)
			if err := db.Table("users").Insert(t.Context(), orm.Values{"id": id, "email": id}); err != nil {
				t.Error(err)
			}
		})
	}
	close(p.hold)
	wg.Wait()
	if n := p.writes.Load(); n != 1 {
		t.Errorf("%d batches for 20 clients, want 1", n)
	}
	if n := p.reads.Load(); n != 1+20 { // the schema, which has no recorded state; the inserts
		t.Errorf("%d statements for 20 clients, want 21", n)
	}
	p.reset()
	if _, err := in.Client(t.Context(), input); err != nil {
		t.Fatal(err)
	}
	if p.finds.Load() != 1 || p.reads.Load()+p.writes.Load() != 0 {
		t.Errorf("a later client made %d lookups and %d statements, want 1 and 0", p.finds.Load(), p.reads.Load()+p.writes.Load())
	}
}

func TestTwoProcessesSynchronizeAtOnce(t *testing.T) {
	p := newProvider(t)
	token := mustCreate(t, newInstance(t, p), database.CreateInput{Name: "acme"}).Token
	p.hold = make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		in := newInstance(t, p)
		wg.Go(func() {
			if _, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: token, Schema: usersV1(t)}); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, func() bool { return p.writes.Load() == 2 }) // both have their plan
	close(p.hold)
	wg.Wait()
	if n := p.writes.Load(); n != 2 {
		t.Errorf("%d batches, want 2: the loser has nothing left to do", n)
	}
}

func TestEachVersionOfASchemaIsSynchronized(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	made := mustCreate(t, in, database.CreateInput{Name: "acme", Migrate: true, Schema: usersV1(t)})
	db, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: usersV2(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Table("users").Insert(t.Context(), orm.Values{"id": "1", "email": "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	rec, found, err := mustRaw(t, in, "acme").First(t.Context(), "select role from users where id = '1'", nil, "role")
	if err != nil || !found || rec.Values[0] != d1.Str("member") {
		t.Errorf("the role is %v, %v, %v", rec.Values, found, err)
	}
	// The older version was remembered once; now the database is past it.
	_, err = in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: usersV1(t)})
	wantKind(t, err, fault.Conflict)
}

func TestAFailedSynchronizationIsTriedAgain(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	input := database.ClientInput{DatabaseName: "acme", Token: mustCreate(t, in, database.CreateInput{Name: "acme"}).Token, Schema: usersV1(t)}
	p.failBatch = fault.New(fault.Unavailable, "The database does not answer.")
	_, err := in.Client(t.Context(), input)
	if !errors.Is(err, p.failBatch) {
		t.Fatalf("got %v", err)
	}
	p.failBatch = nil
	if _, err := in.Client(t.Context(), input); err != nil {
		t.Error(err)
	}
}

func TestRowsThatForbidASchemaAreNoRace(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	made := mustCreate(t, in, database.CreateInput{Name: "acme", Migrate: true, Schema: usersV2(t)})
	raw := mustRaw(t, in, "acme")
	if _, err := raw.Exec(t.Context(), "insert into users values ('1', 'a', 'x')", "insert into users values ('2', 'b', 'x')"); err != nil {
		t.Fatal(err)
	}
	unique := mustParse(t, `{"name":"org","version":3,"tables":{"users":{"id":"text primary key not null",`+
		`"email":"text not null unique","role":"text default member"}},"indexes":{"users":{"one_role":{"columns":["role"],"unique":true}}}}`)
	p.reset()
	_, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: unique})
	wantKind(t, err, fault.Conflict)
	if n := p.writes.Load(); n != 1 {
		t.Errorf("the batch was sent %d times", n)
	}
}

func TestACallerWhoLeavesDoesNotStopTheOthers(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	input := database.ClientInput{DatabaseName: "acme", Token: mustCreate(t, in, database.CreateInput{Name: "acme"}).Token, Schema: usersV1(t)}
	p.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	gone, stayed := make(chan error), make(chan error)
	go func() { _, err := in.Client(ctx, input); gone <- err }()
	waitFor(t, func() bool { return p.writes.Load() == 1 })
	go func() { _, err := in.Client(t.Context(), input); stayed <- err }()
	cancel()
	wantKind(t, <-gone, fault.Limited)
	close(p.hold)
	if err := <-stayed; err != nil {
		t.Error(err)
	}
	if n := p.writes.Load(); n != 1 {
		t.Errorf("%d batches, want 1", n)
	}
}

func TestSkipMigrationsLeavesTheSchemaAlone(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	made := mustCreate(t, in, database.CreateInput{Name: "acme"})
	p.reset()
	db, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: usersV1(t), SkipMigrations: true})
	if err != nil {
		t.Fatal(err)
	}
	if n := p.reads.Load() + p.writes.Load(); n != 0 {
		t.Errorf("%d statements were sent", n)
	}
	if got := names(t, in, "acme"); got != nil {
		t.Errorf("there are the tables %v", got)
	}
	_, err = db.Table("users").Count(t.Context())
	if e, ok := errors.AsType[*d1.Error](err); !ok || e.Class != d1.Syntax {
		t.Errorf("got %v", err)
	}
}

func TestOpeningNeedsTheDatabasesOwnToken(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	mustCreate(t, in, database.CreateInput{Name: "acme"})
	other := mustCreate(t, in, database.CreateInput{Name: "other"})
	p.reset()
	for name, c := range map[string]struct {
		token string
		want  database.Reason
	}{
		"none":        {"", database.Malformed},
		"foreign":     {other.Token, database.DatabaseMismatch},
		"expired":     {database.SignToken(key, "acme", now.Add(-1)), database.Expired},
		"another key": {database.SignToken("another-gateway-key", "acme", now.Add(database.TokenTTL)), database.BadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			input := database.ClientInput{DatabaseName: "acme", Token: c.token, Schema: usersV1(t)}
			_, clientErr := in.Client(t.Context(), input)
			_, connectErr := in.Connect(t.Context(), input)
			_, httpErr := in.HTTPClient(t.Context(), database.HTTPClientInput{DatabaseName: "acme", Token: c.token})
			for _, err := range []error{clientErr, connectErr, httpErr} {
				wantKind(t, err, fault.Denied)
				if got := database.ReasonOf(err); got != c.want {
					t.Errorf("the reason is %q, want %q", got, c.want)
				}
			}
		})
	}
	if n := p.finds.Load(); n != 0 {
		t.Errorf("the provider was asked %d times for who had no right to ask", n)
	}
}

func TestOpeningNeedsANameASchemaAndADatabase(t *testing.T) {
	in := newInstance(t, newProvider(t))
	_, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: in.NewToken("acme")})
	wantKind(t, err, fault.Invalid)
	_, err = in.Client(t.Context(), database.ClientInput{Token: in.NewToken("acme"), Schema: usersV1(t)})
	wantKind(t, err, fault.Invalid)
	_, err = in.HTTPClient(t.Context(), database.HTTPClientInput{DatabaseName: "acme", Token: in.NewToken("acme")})
	wantKind(t, err, fault.NotFound)
}

func TestConnectHonoursItsArguments(t *testing.T) {
	in := newInstance(t, newProvider(t))
	mustCreate(t, in, database.CreateInput{Name: "kuratchi-admin"})
	made := mustCreate(t, in, database.CreateInput{Name: "acme"})
	c, err := in.Connect(t.Context(), database.ConnectInput{DatabaseName: "acme", Token: made.Token, Schema: usersV1(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.ORM.Table("users").Insert(t.Context(), orm.Values{"id": "1", "email": "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	rec, found, err := c.Raw.First(t.Context(), "select email from users", nil, "email")
	if err != nil || !found || rec.Values[0] != d1.Str("ada@example.com") {
		t.Errorf("the other side reads %v, %v, %v", rec, found, err)
	}
	if c.Instance != in {
		t.Error("the instance is another one")
	}
	if got := names(t, in, "kuratchi-admin"); got != nil {
		t.Errorf("the admin database got the tables %v", got)
	}
	second := mustCreate(t, in, database.CreateInput{Name: "second"})
	if _, err := in.Connect(t.Context(), database.ConnectInput{DatabaseName: "second", Token: second.Token, Schema: usersV1(t),
		SkipMigrations: true}); err != nil {
		t.Fatal(err)
	}
	if got := names(t, in, "second"); got != nil {
		t.Errorf("a connection without migrations made the tables %v", got)
	}
}
