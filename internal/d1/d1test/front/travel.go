package front

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// state is a database at one moment.
type state struct {
	version int
	at      time.Time
	// content are the statements that make it, read once something is about to change.
	content []statement
	read    bool
}

// keep makes a state of now unless there is one.
func (d *database) keep() {
	if d.states[len(d.states)-1].version != d.version {
		d.states = append(d.states, state{version: d.version, at: time.Now().UTC()})
	}
}

// settle reads what the last state is, if that is now and wasn't read: before a change.
func (d *database) settle(ctx context.Context) error {
	last := &d.states[len(d.states)-1]
	if last.read || last.version != d.version {
		return nil
	}
	content, err := d.contents(ctx)
	if errors.Is(err, errVirtual) { // it has a bookmark, which can't be restored here
		content, err = []statement{{SQL: errVirtual.Error()}}, nil
	}
	last.content, last.read = content, err == nil
	return err
}

// mark names a state as D1 names them: they sort by age.
func (d *database) mark(i int) string {
	return fmt.Sprintf("%08x-%08x-00004c6d-%x", d.states[i].version, i, md5.Sum([]byte(fmt.Sprint(d.UUID, i))))
}

func (f *Front) bookmark(w http.ResponseWriter, r *http.Request, d *database) Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keep()
	at := len(d.states) - 1
	if ts := r.URL.Query().Get("timestamp"); ts != "" {
		t, err := time.Parse(time.RFC3339Nano, ts)
		if err != nil {
			refuse(w, http.StatusBadRequest, 7400, "The request is malformed: 'timestamp' is invalid")
			return Call{Op: "bookmark"}
		}
		at = since(d.states, t)
	}
	answer(w, http.StatusOK, map[string]string{"bookmark": d.mark(at)}, nil)
	return Call{Op: "bookmark"}
}

func (f *Front) restore(w http.ResponseWriter, r *http.Request, d *database) Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keep()
	if err := d.settle(r.Context()); err != nil {
		f.t.Errorf("front: %v", err)
	}
	before := d.mark(len(d.states) - 1)
	for i := range d.states {
		if d.mark(i) != r.URL.Query().Get("bookmark") {
			continue
		}
		fresh := &database{db: f.rig.Database(f.t)}
		if err := fresh.load(r.Context(), d.states[i].content); err != nil {
			f.t.Errorf("front: %v", err)
		}
		d.db = fresh.db
		d.version++
		d.states = append(d.states, state{version: d.version, at: time.Now().UTC(), content: d.states[i].content, read: true})
		answer(w, http.StatusOK, map[string]string{
			"bookmark": d.mark(len(d.states) - 1), "previous_bookmark": before, "message": "Restore complete.",
		}, nil)
		return Call{Op: "restore", Effect: true}
	}
	refuse(w, http.StatusBadRequest, 7400, "The request is malformed: 'bookmark' is invalid")
	return Call{Op: "restore"}
}

// load runs statements in one transaction.
func (d *database) load(ctx context.Context, list []statement) error {
	if len(list) == 0 {
		return nil
	}
	text, err := d.post(ctx, true, list, true)
	if err != nil {
		return err
	}
	var refused struct {
		Success *bool
		Error   string
	}
	if json.Unmarshal(text, &refused) == nil && refused.Success != nil && !*refused.Success {
		return errors.New(refused.Error)
	}
	return nil
}

// cellSQL is what a column C is read as to be written again: an SQL literal, a
// text as h and its bytes in hexadecimal, t and itself when it is too long for
// that, a long BLOB as itself.
const cellSQL = `case when typeof(C)='text' then case when octet_length(C)<500000 then 'h'||hex(C) else 't'||C end
 when typeof(C)='blob' and octet_length(C)>1000 then C else quote(C) end`

// contents reads the whole database as the statements that make it.
func (d *database) contents(ctx context.Context) ([]statement, error) {
	master, err := d.run(ctx, `select type, name, sql,
		(select l.type in ('virtual','shadow') from pragma_table_list l where l.name=m.name) from
		(select type, name, sql, rowid r from sqlite_master where sql is not null
		and name not like '\_cf\_%' escape '\' and name not like 'sqlite\_%' escape '\') m
		order by case type when 'table' then 0 when 'index' then 1 when 'view' then 2 else 3 end, r`)
	if err != nil {
		return nil, err
	}
	list := []statement{{SQL: "PRAGMA defer_foreign_keys=TRUE"}}
	var rows, later []statement
	for _, o := range master.Rows {
		name, _ := o[1].(string)
		sql, _ := o[2].(string)
		if virtual, _ := o[3].(float64); virtual != 0 {
			return nil, errVirtual
		}
		if o[0] != "table" {
			later = append(later, statement{SQL: sql})
			continue
		}
		list = append(list, statement{SQL: sql})
		these, err := d.tableRows(ctx, name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, these...)
	}
	list = append(list, rows...)
	if seq, err := d.run(ctx, "select quote(name), seq from sqlite_sequence"); err == nil {
		list = append(list, statement{SQL: "DELETE FROM sqlite_sequence"})
		for _, r := range seq.Rows {
			list = append(list, statement{SQL: fmt.Sprintf("INSERT INTO sqlite_sequence VALUES(%s,%.0f)", r[0], r[1])})
		}
	}
	return append(list, later...), nil
}

var errVirtual = errors.New("virtual tables are not read by this front")

func (d *database) tableRows(ctx context.Context, table string) ([]statement, error) {
	literal := "'" + strings.ReplaceAll(table, "'", "''") + "'"
	info, err := d.run(ctx, "select name from pragma_table_xinfo("+literal+") where hidden=0")
	if err != nil {
		return nil, err
	}
	var names, cells []string
	for _, r := range info.Rows {
		name, _ := r[0].(string)
		quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		names = append(names, quoted)
		cell := strings.ReplaceAll(cellSQL, "C)", quoted+")")
		cell = strings.ReplaceAll(strings.ReplaceAll(cell, "||C ", "||"+quoted+" "), "then C ", "then "+quoted+" ")
		cells = append(cells, cell)
	}
	quotedTable := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
	data, err := d.run(ctx, "select "+strings.Join(cells, ", ")+" from "+quotedTable)
	if err != nil {
		return nil, err
	}
	var out []statement
	for _, r := range data.Rows {
		s := statement{}
		var values []string
		for _, v := range r {
			value, param, err := again(v)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
			if param != nil {
				s.Params = append(s.Params, param)
			}
		}
		into := "INSERT INTO " + quotedTable + " (" + strings.Join(names, ",") + ") VALUES("
		s.SQL = into + strings.Join(values, ",") + ")"
		out = append(out, s)
	}
	return out, nil
}

// again returns how a cell that cellSQL read is written in a statement, with its
// parameter if it has one.
func again(cell any) (value string, param json.RawMessage, err error) {
	switch v := cell.(type) {
	case []any:
		param, err = json.Marshal(v)
		return "?", param, err
	case string:
		switch {
		case strings.HasPrefix(v, "h"):
			param, err = json.Marshal(v[1:])
			return "cast(unhex(?) as text)", param, err
		case strings.HasPrefix(v, "t"):
			param, err = json.Marshal(v[1:])
			return "?", param, err
		}
		return v, nil, nil
	}
	return "", nil, fmt.Errorf("a cell was read as %T", cell)
}
