package bounds

import (
	"os"
	"sync"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// MaxTemporary is what the temporary files of all connections take together at
// most, in bytes: those of sorts, of DISTINCT, and of what else doesn't fit a
// cache. Nor do they take more than they leave free on their disk. A file has no
// name once it is open, so that it is gone however the process ends.
const MaxTemporary = 1 << 30

// recheck is after how much growth the disk is looked at again.
const recheck = 16 << 20

var temporary = temporaryFiles{sizes: map[uintptr]int64{}, max: MaxTemporary, free: freeBytes}

type temporaryFiles struct {
	mu    sync.Mutex
	sizes map[uintptr]int64 // by the file's address
	total int64
	// checked is the total up to which the disk is known to have room.
	checked int64
	max     int64
	free    func(dir string) (int64, bool)
}

// grow notes that a file reaches to end, unless there is no room for that.
func (t *temporaryFiles) grow(file uintptr, end int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	more := end - t.sizes[file]
	if more <= 0 {
		return true
	}
	if t.total+more > t.max || !t.fits(t.total+more) {
		return false
	}
	t.sizes[file], t.total = end, t.total+more
	return true
}

// fits reports whether the disk has so much again.
func (t *temporaryFiles) fits(total int64) bool {
	if total <= t.checked {
		return true
	}
	free, known := t.free(temporaryDir())
	if known && free-(total-t.total) < total {
		return false
	}
	t.checked = total + recheck
	return true
}

func (t *temporaryFiles) shrink(file uintptr, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	less := t.sizes[file] - size
	if less <= 0 {
		return
	}
	t.total -= less
	t.checked = min(t.checked, t.total+recheck)
	if t.sizes[file] = size; size == 0 {
		delete(t.sizes, file)
	}
}

// temporaryDir is the folder SQLite makes temporary files in.
func temporaryDir() string {
	for _, dir := range []string{os.Getenv("SQLITE_TMPDIR"), os.Getenv("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp"} {
		if st, err := os.Stat(dir); dir != "" && err == nil && st.IsDir() {
			return dir
		}
	}
	return "."
}

func xWriteTemporary(tls *libc.TLS, file, from uintptr, n int32, at int64) int32 {
	if !temporary.grow(file, at+int64(n)) {
		note(tls, Temporary)
		return lib.SQLITE_FULL
	}
	rc := laidOver(file).write(tls, file, from, n, at)
	if rc == lib.SQLITE_FULL {
		note(tls, Temporary)
	}
	return rc
}

func xTruncateTemporary(tls *libc.TLS, file uintptr, size int64) int32 {
	rc := laidOver(file).truncate(tls, file, size)
	if rc == lib.SQLITE_OK {
		temporary.shrink(file, size)
	}
	return rc
}

func xCloseTemporary(tls *libc.TLS, file uintptr) int32 {
	temporary.shrink(file, 0)
	return laidOver(file).close(tls, file)
}
