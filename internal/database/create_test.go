package database_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/database"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
)

func TestCreateMakesAnEmptyDatabaseWithAToken(t *testing.T) {
	in := newInstance(t, newProvider(t))
	made := mustCreate(t, in, database.CreateInput{Name: "Acme_org-001", Location: "weur"})
	if made.WorkerName != "kuratchi-d1-acme-org-001" || made.DatabaseName != "Acme_org-001" || made.DatabaseID == "" ||
		made.Migration.Changed {
		t.Errorf("made %v, migration %+v", made, made.Migration)
	}
	if err := database.VerifyToken(key, "Acme_org-001", made.Token, now); err != nil {
		t.Error(err)
	}
	if got := names(t, in, "Acme_org-001"); got != nil {
		t.Errorf("the new database has the tables %v", got)
	}
}

func TestCreateMigrates(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	made := mustCreate(t, in, database.CreateInput{Name: "acme", Migrate: true, Schema: usersV1(t), Actor: "ada"})
	if !made.Migration.Changed || made.Migration.Hash != usersV1(t).Hash() {
		t.Errorf("the migration was %+v", made.Migration)
	}
	if d := cmp.Diff([]string{"kuratchi_ledger", "kuratchi_schema_state", "users"}, names(t, in, "acme")); d != "" {
		t.Error(d)
	}
	c, _ := p.Open(t.Context(), made.DatabaseID)
	entries, err := migrate.Ledger(t.Context(), c)
	if err != nil || len(entries) != 1 || entries[0].Actor != "ada" || !entries[0].At.Equal(now) {
		t.Errorf("the ledger is %v, %v", entries, err)
	}
	p.reset()
	if _, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: usersV1(t)}); err != nil ||
		p.reads.Load() != 0 {
		t.Errorf("the first client looked %d times at what Create had made: %v", p.reads.Load(), err)
	}
}

func TestCreateRefusesBeforeAnythingIsMade(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	mustCreate(t, in, database.CreateInput{Name: "taken"})
	for name, c := range map[string]struct {
		in    database.CreateInput
		kind  fault.Kind
		field string
		words string
	}{
		"no name":              {database.CreateInput{}, fault.Invalid, "name", "name"},
		"a dot":                {database.CreateInput{Name: "acme.org"}, fault.Invalid, "name", "token"},
		"a name that is taken": {database.CreateInput{Name: "taken"}, fault.Conflict, "name", "exists already"},
		"too long":             {database.CreateInput{Name: strings.Repeat("a", 60)}, fault.Invalid, "name", "60"},
		"no such location":     {database.CreateInput{Name: "acme", Location: "moon"}, fault.Invalid, "location", "moon"},
		"migrate to nothing":   {database.CreateInput{Name: "acme", Migrate: true}, fault.Invalid, "schema", "schema"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := in.Create(t.Context(), c.in)
			wantKind(t, err, c.kind)
			if fault.FieldOf(err) != c.field || !strings.Contains(fault.Message(err), c.words) {
				t.Errorf("at %q: %s", fault.FieldOf(err), fault.Message(err))
			}
		})
	}
	if infos, _ := p.List(t.Context()); len(infos) != 1 {
		t.Errorf("there are %d databases", len(infos))
	}
}

func TestALongScriptNameShortensNames(t *testing.T) {
	in, err := database.New(newProvider(t), database.Options{GatewayKey: key, ScriptName: strings.Repeat("s", 30)})
	if err != nil {
		t.Fatal(err)
	}
	mustCreate(t, in, database.CreateInput{Name: strings.Repeat("a", 32)})
	_, err = in.Create(t.Context(), database.CreateInput{Name: strings.Repeat("a", 33)})
	wantKind(t, err, fault.Invalid)
}

func TestAFailedMigrationTakesTheDatabaseWithIt(t *testing.T) {
	for name, c := range map[string]struct {
		batch error
		want  fault.Kind
		words string
	}{
		"refused by the engine": {d1.Fail(d1.NewError("no such collation: x: SQLITE_ERROR")), fault.Invalid, "no such collation"},
		"no answer":             {fault.New(fault.Unavailable, "The database does not answer."), fault.Unavailable, "does not answer"},
		"a lost answer":         {fault.New(fault.Unknown, "Nobody knows."), fault.Unavailable, "lost"},
		"a defect of ours":      {errors.New("secret detail"), fault.Invalid, "log"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.failBatch = c.batch
			_, err := newInstance(t, p).Create(t.Context(), database.CreateInput{Name: "acme", Migrate: true, Schema: usersV1(t)})
			wantKind(t, err, c.want)
			if m := fault.Message(err); !strings.Contains(m, "deleted again") || !strings.Contains(m, c.words) ||
				strings.Contains(m, "secret detail") {
				t.Error(m)
			}
			if !errors.Is(err, c.batch) {
				t.Errorf("the cause is lost: %v", err)
			}
			if infos, _ := p.List(t.Context()); len(infos) != 0 {
				t.Errorf("%v was left behind", infos)
			}
		})
	}
}

func TestAFailedMigrationIsUndoneWithoutItsCaller(t *testing.T) {
	p := newProvider(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.hold = make(chan struct{})
	go func() {
		waitFor(t, func() bool { return p.writes.Load() == 1 })
		cancel()
		close(p.hold)
	}()
	_, err := newInstance(t, p).Create(ctx, database.CreateInput{Name: "acme", Migrate: true, Schema: usersV1(t)})
	wantKind(t, err, fault.Limited)
	if infos, _ := p.List(t.Context()); len(infos) != 0 {
		t.Errorf("%v was left behind", infos)
	}
}

func TestADatabaseThatRemainsIsTold(t *testing.T) {
	p := newProvider(t)
	p.failBatch = errors.New("the first failure")
	p.failDelete = fault.New(fault.Unavailable, "The second failure.")
	_, err := newInstance(t, p).Create(t.Context(), database.CreateInput{Name: "acme", Migrate: true, Schema: usersV1(t)})
	wantKind(t, err, fault.Unknown)
	if m := fault.Message(err); !strings.Contains(m, "A database of that name remains") {
		t.Error(m)
	}
	if !errors.Is(err, p.failBatch) || !errors.Is(err, p.failDelete) {
		t.Errorf("a cause is lost: %v", err)
	}
}

func TestDelete(t *testing.T) {
	p := newProvider(t)
	in := newInstance(t, p)
	made := mustCreate(t, in, database.CreateInput{Name: "acme", Migrate: true, Schema: usersV1(t)})
	if err := in.Delete(t.Context(), database.DeleteInput{DatabaseID: made.DatabaseID}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, in.Delete(t.Context(), database.DeleteInput{DatabaseID: made.DatabaseID}), fault.NotFound)
	wantKind(t, in.Delete(t.Context(), database.DeleteInput{}), fault.Invalid)
	_, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: usersV1(t)})
	wantKind(t, err, fault.NotFound)

	// A later database of that name is another one, and is synchronized.
	mustCreate(t, in, database.CreateInput{Name: "acme"})
	db, err := in.Client(t.Context(), database.ClientInput{DatabaseName: "acme", Token: made.Token, Schema: usersV1(t)})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := db.Table("users").Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d users, %v", n, err)
	}
}
