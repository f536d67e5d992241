//go:build failpoint

package failpoint

import (
	"os"
	"syscall"
)

// Hit kills the process if FAILPOINT names this point.
func Hit(name string) {
	if os.Getenv("FAILPOINT") == name {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal takes a moment
	}
}
