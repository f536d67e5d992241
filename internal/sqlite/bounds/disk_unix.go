//go:build linux || darwin || freebsd

package bounds

import "syscall"

// freeBytes is how much a user may still write on the disk of a folder.
func freeBytes(dir string) (n int64, known bool) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true // the types differ by system
}
