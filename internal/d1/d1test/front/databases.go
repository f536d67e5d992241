package front

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// listed is a database in a list.
type listed struct {
	UUID         string  `json:"uuid"`
	Name         string  `json:"name"`
	Version      string  `json:"version"`
	CreatedAt    string  `json:"created_at"`
	Jurisdiction *string `json:"jurisdiction"`
}

// details is a database by itself.
type details struct {
	listed
	FileSize    int64             `json:"file_size"`
	NumTables   int               `json:"num_tables"`
	Region      string            `json:"running_in_region"`
	Replication map[string]string `json:"read_replication"`
}

func (d *database) listed() listed {
	l := listed{UUID: d.UUID, Name: d.Name, Version: "production", CreatedAt: d.created.Format(time.RFC3339Nano)}
	if d.Jurisdiction != "" {
		l.Jurisdiction = &d.Jurisdiction
	}
	return l
}

func (f *Front) details(r *http.Request, d *database) details {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := details{listed: d.listed(), Region: "WEUR", Replication: map[string]string{"mode": d.Replication}}
	if d.Hint != "" {
		out.Region = sqltext.Upper(d.Hint)
	}
	res, err := d.run(r.Context(), `select count(*) from sqlite_master where type='table' and name not like '\_cf\_%' escape '\'`)
	if err == nil {
		n, _ := res.Rows[0][0].(float64)
		out.NumTables, out.FileSize = int(n), res.size
	}
	return out
}

func (f *Front) list(w http.ResponseWriter, r *http.Request, _ *database) Call {
	q := r.URL.Query()
	page, per := number(q.Get("page"), 1), number(q.Get("per_page"), 1000)
	f.mu.Lock()
	all := []listed{}
	for _, d := range f.dbs {
		if strings.Contains(d.Name, q.Get("name")) { // a search; who wants one name compares
			all = append(all, d.listed())
		}
	}
	total := len(f.dbs)
	f.mu.Unlock()
	from := min((page-1)*per, len(all))
	list := all[from:min(from+per, len(all))]
	answer(w, http.StatusOK, list, map[string]int{"page": page, "per_page": per, "count": len(list), "total_count": total})
	return Call{Op: "list"}
}

func number(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return n
	}
	return otherwise
}

func (f *Front) create(w http.ResponseWriter, r *http.Request, _ *database) Call {
	var in struct {
		Name         string                `json:"name"`
		Hint         string                `json:"primary_location_hint"`
		Jurisdiction string                `json:"jurisdiction"`
		Replication  struct{ Mode string } `json:"read_replication"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Name == "" {
		refuse(w, http.StatusBadRequest, 7400, "The request is malformed: 'name' is required")
		return Call{Op: "create"}
	}
	f.mu.Lock()
	taken := slices.ContainsFunc(f.dbs, func(d *database) bool { return d.Name == in.Name })
	f.mu.Unlock()
	if taken {
		refuse(w, http.StatusBadRequest, 7502, "A database with the name "+in.Name+" already exists")
		return Call{Op: "create", Database: in.Name}
	}
	if in.Replication.Mode == "" {
		in.Replication.Mode = "disabled"
	}
	d := f.add(in.Name, in.Hint, in.Jurisdiction, in.Replication.Mode)
	answer(w, http.StatusOK, f.details(r, d), nil)
	return Call{Op: "create", Database: in.Name, Effect: true}
}

func (f *Front) get(w http.ResponseWriter, r *http.Request, d *database) Call {
	answer(w, http.StatusOK, f.details(r, d), nil)
	return Call{Op: "get"}
}

func (f *Front) edit(w http.ResponseWriter, r *http.Request, d *database) Call {
	var in struct {
		Replication struct{ Mode string } `json:"read_replication"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	if in.Replication.Mode != "auto" && in.Replication.Mode != "disabled" {
		refuse(w, http.StatusBadRequest, 7400, "The request is malformed: 'read_replication.mode' is invalid")
		return Call{Op: "edit"}
	}
	d.mu.Lock()
	d.Replication = in.Replication.Mode
	d.mu.Unlock()
	answer(w, http.StatusOK, f.details(r, d), nil)
	return Call{Op: "edit", Effect: true}
}

func (f *Front) remove(w http.ResponseWriter, _ *http.Request, d *database) Call {
	f.mu.Lock()
	n := len(f.dbs)
	f.dbs = slices.DeleteFunc(f.dbs, func(one *database) bool { return one == d })
	gone := len(f.dbs) < n
	f.mu.Unlock()
	answer(w, http.StatusOK, nil, nil)
	return Call{Op: "delete", Effect: gone}
}
