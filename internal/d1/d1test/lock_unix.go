//go:build darwin || linux || freebsd || netbsd || openbsd

package d1test

import (
	"os"
	"syscall"
)

// lock waits for the exclusive lock on f, which ends when f is closed here and
// in every child that has it.
func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}
