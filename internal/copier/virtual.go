package copier

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// module returns the module of a virtual table's CREATE text, in small letters.
func module(sql string) string { return sqltext.Fold(schema.Module(sql)) }

func name(t sqltext.Token) string {
	if t.Kind == sqltext.String {
		return t.Value()
	}
	return t.Ident()
}

// option returns an option of an FTS5 table, and whether it is there: content=”.
func option(sql, of string) (value string, ok bool) {
	toks := slices.Collect(sqltext.Code(sql))
	for i := 1; i+1 < len(toks); i++ {
		if toks[i].Is("=") && sqltext.Same(name(toks[i-1]), of) {
			return name(toks[i+1]), true
		}
	}
	return "", false
}

// What a virtual table gives when it is read.
type reading uint8

const (
	// nothing: it is made of other tables as soon as it is there.
	nothing reading = iota
	// values: its rows are what it is to be filled with.
	values
	// rebuilt: it indexes another table, and reads that again.
	rebuilt
	// unreadable: it keeps no text that could be read back.
	unreadable
)

func (v Virtual) reading() reading {
	switch content, external := option(v.SQL, "content"); module(v.SQL) {
	case "fts5":
		switch {
		case external && content == "":
			return unreadable
		case external:
			return rebuilt
		}
		return values
	case "rtree", "rtree_i32":
		return values
	}
	return nothing
}

// unreadable are the virtual tables that can't be made anew of what they give, as
// obstacles.
func (c *Content) unreadable() []Obstacle {
	var out []Obstacle
	for _, v := range c.Virtual {
		if v.reading() == unreadable {
			out = append(out, Obstacle{Object: v.Object,
				Why: "keeps no text that could be read back (it is contentless), so it can't be made again"})
		}
	}
	return append(out, c.hollow...)
}

// rebuild has a virtual table read again what it indexes.
func (v Virtual) rebuild() string {
	name := sqltext.Quote(v.Name)
	return "INSERT INTO " + name + " (" + name + ") VALUES ('rebuild')"
}

// texts is the table of a virtual one that has as many rows as it, "" where those are
// another table's.
func (v Virtual) texts() string {
	if v.reading() == rebuilt {
		return ""
	}
	for _, suffix := range []string{"_content", "_docsize", "_rowid"} {
		for _, s := range v.Shadows {
			if sqltext.Same(s, v.Name+suffix) {
				return s
			}
		}
	}
	return ""
}

// values returns how a virtual table that was made anew is filled: the table whose rows
// go into it, nil for none, and the statements to run before and after.
func (v Virtual) values(ctx context.Context, src Source) (t *Table, before, after []string, err error) {
	if before, err = v.settings(ctx, src); err != nil {
		return nil, nil, nil, err
	}
	switch v.reading() {
	case rebuilt:
		return nil, before, []string{v.rebuild()}, nil
	case values:
	default:
		return nil, before, nil, nil
	}
	rows, err := src.Query(ctx, d1.AboutTable(v.Name))
	if err != nil {
		return nil, nil, nil, err
	}
	infos := d1.TableInfos(rows[0])
	if len(infos) == 0 {
		return nil, nil, nil, fault.New(fault.Invalid, "The virtual table %s can't be read.", v.Name)
	}
	t = &Table{Object: v.Object, Columns: quoted(infos[0].Stored()), info: infos[0]}
	t.By = t.Columns[0] // an R*Tree's first column is its rowid
	if module(v.SQL) == "fts5" {
		t.By = "rowid"
		t.Columns = append([]string{t.By}, t.Columns...)
	}
	return t, before, nil, nil
}

// settings are the statements that give an FTS5 table what it was set to.
func (v Virtual) settings(ctx context.Context, src Source) ([]string, error) {
	if module(v.SQL) != "fts5" {
		return nil, nil
	}
	var out []string
	for _, shadow := range v.Shadows {
		if !sqltext.Same(shadow, v.Name+"_config") {
			continue
		}
		rows, err := src.Query(ctx, d1.Select(2, "SELECT k, v FROM "+sqltext.Quote(shadow)+" WHERE k <> 'version' ORDER BY k"))
		if err != nil {
			return nil, err
		}
		for _, r := range rows[0] {
			name := sqltext.Quote(v.Name)
			out = append(out, "INSERT INTO "+name+" ("+name+", rank) VALUES ("+r[0].Literal()+", "+r[1].Literal()+")")
		}
	}
	return out, nil
}
