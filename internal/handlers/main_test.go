package handlers_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// beside names the file that this test program, started by itself, writes to: see
// site.beside.
const beside = "KURATCHI_TEST_BESIDE"

func TestMain(m *testing.M) {
	if path := os.Getenv(beside); path != "" {
		if err := writeBeside(path, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func writeBeside(path, sql string) error {
	conn, err := local.OpenFile(path)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Query(context.Background(), d1.Exec(sql))
	return err
}
