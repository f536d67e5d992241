package sqlite

import (
	"context"
	"runtime"
	"sync"
	"testing"
)

// A connection that is opened while another one is being closed may get its
// address. It must keep its own authorizer and busy handler: the driver files
// both by address and forgets them after the address is free again.
func TestOpenWhileOthersClose(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(32)) // threads that are stopped anywhere
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 150 {
				c, err := Open("", Options{Memory: true})
				if err != nil {
					t.Error(err)
					return
				}
				if err := c.Begin(context.Background(), Read); err != nil {
					t.Error(err)
				}
				if _, err := c.Prepare("select * from _cf_KV"); err == nil {
					t.Error("the connection has lost its rules")
				}
				_ = c.End(false)
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
