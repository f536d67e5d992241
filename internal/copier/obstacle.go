package copier

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Obstacle is an object of a source that D1 can't have, and so no engine here.
type Obstacle struct {
	Object
	// Why goes on with the sentence that begins with the object: "has more than the 100
	// columns that D1 takes".
	Why string
	// used says that it can be made and fails whenever it is used.
	used bool
}

func (o Obstacle) String() string { return upper(o.words()) + " " + o.Why + "." }

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// judge makes the content's objects on an empty database under D1's rules and limits, and
// returns those that can't be there, with those that need them. broken tells of views and
// triggers, a sentence each, that are of no use in the source either: they come as they are.
func (c *Content) judge(ctx context.Context) (obstacles []Obstacle, broken []string, err error) {
	db, err := shadow.Make(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	j := &judge{db: db, content: c, out: map[string]bool{}}
	for _, t := range c.Tables {
		j.make(t.Object)
	}
	for _, v := range c.Virtual {
		j.makeVirtual(v)
	}
	for _, kind := range []string{"index", "view"} {
		for _, o := range c.Later {
			if o.Kind == kind {
				j.make(o)
			}
		}
	}
	j.compileViews(c.Later)
	j.rebuild()
	for _, o := range c.Later {
		if o.Kind == "trigger" {
			j.trigger(o)
		}
	}
	return j.obstacles, j.broken, ctx.Err()
}

// judge is one judging.
type judge struct {
	db        *shadow.Copy
	content   *Content
	out       map[string]bool // tables and views that can't be there, folded
	obstacles []Obstacle
	broken    []string
}

func (j *judge) refuse(o Object, why string) { j.add(Obstacle{Object: o, Why: why}) }

func (j *judge) add(o Obstacle) {
	j.obstacles = append(j.obstacles, o)
	if o.Kind != "index" && o.Kind != "trigger" {
		j.out[sqltext.Fold(o.Name)] = true
	}
}

func (j *judge) make(o Object) {
	if j.out[sqltext.Fold(o.Table)] && o.Kind == "index" {
		j.refuse(o, "goes with the table "+o.Table)
	} else if err := j.db.Exec(o.SQL); err != nil {
		j.refuse(o, cantBe(o, err))
	}
}

func (j *judge) makeVirtual(v Virtual) {
	o := v.Object
	if name := module(o.SQL); !slices.Contains(sqlite.Modules(), name) {
		j.refuse(o, fmt.Sprintf("is of the module %s, which neither D1 nor this engine has", name))
	} else if err := j.db.Exec(o.SQL); err != nil {
		j.refuse(o, cantBe(o, err))
	}
}

// compileViews compiles each view when all of them are there, until no more of them
// turn out to need another one that can't be there.
func (j *judge) compileViews(objects []Object) {
	for before := -1; before != len(j.obstacles); {
		before = len(j.obstacles)
		for _, o := range objects {
			if o.Kind != "view" || j.out[sqltext.Fold(o.Name)] {
				continue
			}
			err := j.db.Compile("SELECT * FROM " + sqltext.Quote(o.Name))
			if err == nil {
				continue
			}
			if why := j.missing(o, err); why != "" {
				j.add(Obstacle{o, why, true})
				_ = j.db.Exec("DROP VIEW " + sqltext.Quote(o.Name))
			} else {
				j.breaks(o, err)
			}
		}
	}
}

// rebuild finds the virtual tables that couldn't be filled from what they index, or SQLite
// wouldn't have it read: a virtual table. They still come where their inner tables do.
func (j *judge) rebuild() {
	j.content.hollow = nil
	for _, v := range j.content.Virtual {
		if v.reading() == rebuilt && !j.out[sqltext.Fold(v.Name)] && j.db.Exec(v.rebuild()) != nil {
			of, _ := option(v.SQL, "content")
			j.content.hollow = append(j.content.hollow, Obstacle{Object: v.Object,
				Why: "indexes " + of + ", which isn't there, lacks a column or is virtual, so it can't be made again"})
		}
	}
}

// trigger makes a trigger, compiles what fires it and takes it away again: another one of
// its table must not be blamed for it.
func (j *judge) trigger(o Object) {
	if j.out[sqltext.Fold(o.Table)] {
		j.refuse(o, "goes with the table "+o.Table)
		return
	}
	if err := j.db.Exec(o.SQL); err != nil {
		j.refuse(o, cantBe(o, err))
		return
	}
	defer func() { _ = j.db.Exec("DROP TRIGGER " + sqltext.Quote(o.Name)) }()
	statement, err := j.db.Fires(schema.MasterRow{Table: o.Table, SQL: o.SQL})
	if err == nil {
		err = j.db.Compile(statement)
	}
	if err == nil || strings.HasPrefix(engineText(err), "too many levels of trigger") {
		return // how deep it goes counts when it fires, and is no matter of it alone
	}
	if why := j.missing(o, err); why != "" {
		j.add(Obstacle{o, why, true})
	} else {
		j.breaks(o, err)
	}
}

// breaks notes an object that is of no use in the source either, once.
func (j *judge) breaks(o Object, err error) {
	s := fmt.Sprintf("%s can't be used: %s. It came as it is.", upper(o.words()), d1.Words(engineText(err)))
	if !slices.Contains(j.broken, s) {
		j.broken = append(j.broken, s)
	}
}

// missing says why D1 can't have a view or trigger that doesn't compile, "" for one that
// is broken wherever it is, since it names what is not there.
func (j *judge) missing(o Object, err error) string {
	text := d1.Said(engineText(err))
	if name, ok := strings.CutPrefix(text, "no such table: "); ok {
		if name = name[strings.LastIndexByte(name, '.')+1:]; j.out[sqltext.Fold(name)] {
			return "needs " + name + ", which can't be there"
		}
	}
	return reason(o, err)
}

// The engine's words for what a limit or a missing part of it is, with ours.
var reasons = []struct {
	text *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`^no such collation sequence: (.*)$`), "uses the collation $1, which neither D1 nor this engine has"},
	{regexp.MustCompile(`^no such function: (.*)$`), "uses the function $1(), which neither D1 nor this engine has"},
	{regexp.MustCompile(`^not authorized to use function: (.*)$`), "uses the function $1(), which D1 refuses"},
	{regexp.MustCompile(`^no such module: (.*)$`), "is of the module $1, which neither D1 nor this engine has"},
	{regexp.MustCompile(`^no such tokenizer: (.*)$`), "uses the tokenizer $1, which neither D1 nor this engine has"},
	{regexp.MustCompile(`^too many columns`), "has more than the 100 columns that D1 takes"},
	{regexp.MustCompile(`^too many terms in compound SELECT`), "has a compound SELECT of more than the 5 terms that D1 takes"},
	{regexp.MustCompile(`^too many arguments on function (.*)$`), "calls $1() with more than the 32 arguments that D1 takes"},
	{regexp.MustCompile(`(?s)^Expression tree is too large`), "has an expression that is deeper than the 100 levels that D1 takes"},
	{regexp.MustCompile(`^not authorized`), "does what D1 doesn't allow"},
}

// cantBe says why an object can't be made, of the engine's error.
func cantBe(o Object, err error) string {
	why := reason(o, err)
	if why == "" {
		return "can't be made: " + d1.Words(engineText(err))
	}
	return why
}

// reason says which rule or limit of D1's an error is about, "" for none of them.
func reason(o Object, err error) string {
	text := d1.Said(engineText(err))
	if strings.HasPrefix(text, "statement too long") {
		return fmt.Sprintf("has a text of %d bytes, more than the 100,000 that D1 takes", len(o.SQL))
	}
	for _, r := range reasons {
		if m := r.text.FindStringSubmatchIndex(text); m != nil {
			return string(r.text.ExpandString(nil, r.why, text, m))
		}
	}
	return ""
}

func engineText(err error) string {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Text
	}
	return err.Error()
}

// reserved are tables and views of a file whose names D1 keeps for its own, and that are
// none of those.
func reserved(ctx context.Context, src Source) ([]Obstacle, error) {
	rows, err := src.Query(ctx, d1.NamedAsOwn())
	if err != nil {
		return nil, err
	}
	var out []Obstacle
	for _, v := range rows[0] {
		out = append(out, Obstacle{Object: Object{Kind: v[0].Text(), Name: v[1].Text()},
			Why: "has a name that begins with _cf_, which D1 keeps for itself"})
	}
	return out, nil
}

// refusal is the error of a source that can't come as it is, at the form's field that
// would help.
func refusal(obstacles []Obstacle) error {
	lines := make([]string, len(obstacles))
	for i, o := range obstacles {
		lines[i] = o.String()
	}
	return fault.New(fault.Invalid, "It can't come whole, so nothing was written.\n%s", strings.Join(lines, "\n")).
		At("leave_out")
}
