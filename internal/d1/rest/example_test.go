package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/rest"
)

const (
	exampleAccount  = "023e105f4ecef8ad9ca31a8372d0c353"
	exampleDatabase = "7f3f0a52-5c9e-4c6e-9a39-0d6a1c3a5b7e"
	// recordedAnswer is what D1 answered to exampleStmt; another test asks D1 again.
	recordedAnswer = "testdata/answer.json"
)

// exampleStmt names its columns, so that no digit of a large integer is lost.
func exampleStmt() d1.Stmt {
	s := d1.Query("select id, score from users where score > ? order by id", d1.Int(2))
	s.Columns = []string{"id", "score"}
	return s
}

// recorded is Cloudflare's API as far as the example goes.
func recorded(w http.ResponseWriter, r *http.Request) {
	_, path, _ := strings.Cut(r.URL.Path, exampleAccount)
	var sent struct{ Params []string }
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Method, path, sent.Params)
	answer, err := os.ReadFile(recordedAnswer)
	if err != nil {
		log.Fatal(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer)
}

func Example() {
	server := httptest.NewServer(http.HandlerFunc(recorded))
	defer server.Close()
	dir, err := os.MkdirTemp("", "rest")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	account, err := rest.New(rest.Options{
		Account: exampleAccount, Token: "token-with-D1-Edit", Dir: dir,
		BaseURL: server.URL + "/client/v4/", HTTPClient: server.Client(), // without both, Cloudflare's own
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	conn, err := account.Open(ctx, exampleDatabase)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r, err := conn.Query(ctx, exampleStmt())
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range r.Rows {
		fmt.Println(row[0].Text(), row[1].Int())
	}
	budget := account.Budget().State()
	fmt.Println("calls:", budget.Used, "of", budget.Limit)
	// Output:
	// POST /d1/database/7f3f0a52-5c9e-4c6e-9a39-0d6a1c3a5b7e/raw [2]
	// ada 9007199254740993
	// grace 3
	// calls: 1 of 1200
}
