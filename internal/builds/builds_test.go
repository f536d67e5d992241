package builds_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

var folder = flag.String("make", "", "make the next folder of testdata, of that name, with this build")

func TestMain(m *testing.M) {
	flag.Parse()
	if *folder != "" {
		if err := makeArchive(context.Background(), *folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
