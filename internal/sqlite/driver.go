package sqlite

import (
	"fmt"
	"net/url"
	"os"
	"sync"

	driver "zombiezen.com/go/sqlite"
)

// The driver files a connection's authorizer and busy handler by its address, and
// forgets them a moment after the address is free again. Without care, a
// connection that is opened in that moment and gets the address loses its own,
// and the next statement it compiles ends the process.
var closing = struct {
	mu sync.Mutex
	at map[uintptr]chan struct{} // closed when the driver has forgotten the address
}{at: map[uintptr]chan struct{}{}}

// openDriver opens a connection whose address nobody else is about to forget.
func openDriver(path string, flags ...driver.OpenFlags) (*driver.Conn, error) {
	db, err := driver.OpenConn(path, flags...)
	if err != nil {
		return nil, err
	}
	closing.mu.Lock()
	forgotten := closing.at[rawOf(db).db]
	closing.mu.Unlock()
	if forgotten != nil {
		<-forgotten
	}
	db.SetBlockOnBusy() // OpenConn's may have been forgotten meanwhile
	return db, nil
}

// closeDriver closes what openDriver has opened.
func closeDriver(db *driver.Conn) error {
	at, forgotten := rawOf(db).db, make(chan struct{})
	closing.mu.Lock()
	closing.at[at] = forgotten
	closing.mu.Unlock()
	err := db.Close()
	closing.mu.Lock()
	delete(closing.at, at)
	closing.mu.Unlock()
	close(forgotten)
	return err
}

// openImmutable opens a file nobody changes. Said so, SQLite makes no files beside one
// that is in WAL mode.
func openImmutable(path string) (*driver.Conn, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "immutable=1"}
	db, err := openDriver(uri.String(), driver.OpenReadOnly, driver.OpenURI)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return db, nil
}
