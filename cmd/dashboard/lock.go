package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/kuratchi/dashboard/internal/fault"
)

// holder is who has the data folder, as the lock file says.
type holder struct {
	PID    int       `json:"pid"`
	Listen string    `json:"listen"`
	Since  time.Time `json:"since"`
}

// lockFolder takes the data folder for this process, until it ends. A folder
// that is taken is fault.Conflict and says by whom.
func lockFolder(dir, listen string) (release func(), err error) {
	path := filepath.Join(dir, "dashboard.lock")
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("the data folder %s can't be locked: %w", dir, err)
	}
	if !ok {
		return nil, fault.New(fault.Conflict,
			"The data folder %s is in use by %s. Stop it first, or give another folder with --data.", dir, whoHolds(path))
	}
	b, _ := json.Marshal(holder{PID: os.Getpid(), Listen: listen, Since: now()})
	if err := os.WriteFile(path+".json", append(b, '\n'), 0o600); err != nil {
		_ = l.Unlock()
		return nil, fmt.Errorf("the data folder %s can't be written: %w", dir, err)
	}
	return func() {
		_ = os.Remove(path + ".json")
		_ = l.Unlock()
	}, nil
}

func whoHolds(path string) string {
	var h holder
	b, err := os.ReadFile(path + ".json") //nolint:gosec // our own file beside the lock
	if err != nil || json.Unmarshal(b, &h) != nil || h.PID == 0 {
		return "another process"
	}
	return strings.TrimSpace(fmt.Sprintf("process %d, which listens on %s since %s", h.PID, h.Listen,
		h.Since.Format("2006-01-02 15:04:05 UTC")))
}
