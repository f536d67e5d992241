package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/kuratchi/dashboard/internal/fault"
)

// SQLite drops a log without a word where it doesn't like its beginning, and what
// comes after the first frame that isn't right. Rows would be missing, so it is read
// here first: https://sqlite.org/fileformat2.html#walformat

const (
	logHeader   = 32
	frameHeader = 24
	logVersion  = 3007000
)

// errOtherLog and errDamagedLog are what a log is refused with.
var (
	errOtherLog = fault.New(fault.Invalid, "The log (the file with -wal at the end) belongs to another database or to an "+
		"older copy of this one. Give the two files as they stood beside each other.")
	errDamagedLog = fault.New(fault.Invalid, "The log (the file with -wal at the end) is damaged, so rows would be missing. "+
		"Copy both files again while no program has them open.")
)

// checkLog reports whether a log stands there. One that SQLite would not read whole into
// a database with that header is fault.Invalid.
func checkLog(path string, h header) (bool, error) {
	f, err := os.Open(path) //nolint:gosec // beside the callers' own paths
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = f.Close() }()
	l := logReader{in: bufio.NewReaderSize(f, 1<<20)}
	empty, err := l.begin(h)
	if err != nil || empty {
		return empty, err
	}
	return true, l.frames(h)
}

// logReader reads a log from its beginning to its end.
type logReader struct {
	in    *bufio.Reader
	order binary.ByteOrder // of the words that checksums are made of
	salts [8]byte
	sum   [2]uint32
	// broken says that a frame wasn't right, ended that a transaction before it ended.
	broken, ended bool
	// age is that of the first page as last written.
	age age
}

// begin reads the log's header and reports whether the log is empty instead, as one is
// that was moved into its database.
func (l *logReader) begin(h header) (empty bool, err error) {
	var b [logHeader]byte
	switch n, err := io.ReadFull(l.in, b[:]); {
	case n == 0:
		return true, nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return false, errDamagedLog
	case err != nil:
		return false, fmt.Errorf("sqlite: %w", err)
	}
	word := func(at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
	switch word(0) {
	case 0x377f0682:
		l.order = binary.LittleEndian
	case 0x377f0683:
		l.order = binary.BigEndian
	default:
		return false, errDamagedLog
	}
	copy(l.salts[:], b[16:24])
	l.add(b[:24])
	switch {
	case l.sum != [2]uint32{word(24), word(28)} || word(4) != logVersion:
		return false, errDamagedLog
	case !h.wal || int(word(8)) != h.pageSize:
		return false, errOtherLog
	}
	return false, nil
}

// frames reads what comes after the header. A transaction that was broken off, at the
// end, is left out; one that was ended and can't be read is an error.
func (l *logReader) frames(h header) error {
	l.age = h.age
	head, page := make([]byte, frameHeader), make([]byte, h.pageSize)
	for {
		_, err := io.ReadFull(l.in, head)
		if err == nil {
			_, err = io.ReadFull(l.in, page)
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("sqlite: %w", err)
		}
		if err != nil || string(head[8:16]) != string(l.salts[:]) { // the end, or what is from before the log was begun anew
			break
		}
		if err := l.frame(head, page); err != nil {
			return err
		}
	}
	switch {
	case l.broken && !l.ended:
		return errDamagedLog
	case l.age.before(h.age):
		return errOtherLog
	}
	return nil
}

// frame looks at one frame: its header and its page.
func (l *logReader) frame(head, page []byte) error {
	l.add(head[:8])
	l.add(page)
	stored := [2]uint32{binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])}
	right, ends := l.sum == stored, binary.BigEndian.Uint32(head[4:]) != 0
	l.sum = stored // so that what comes after a broken frame is seen to be whole
	if l.broken && right && ends {
		return errDamagedLog
	}
	l.broken = l.broken || !right
	if l.broken {
		return nil
	}
	l.ended = l.ended || ends
	if binary.BigEndian.Uint32(head) == 1 {
		l.age = ageOf(page)
	}
	return nil
}

// add has the checksum go on over bytes, whose number is a multiple of 8.
func (l *logReader) add(b []byte) {
	s0, s1 := l.sum[0], l.sum[1]
	for ; len(b) >= 8; b = b[8:] {
		s0 += l.order.Uint32(b) + s1
		s1 += l.order.Uint32(b[4:]) + s0
	}
	l.sum = [2]uint32{s0, s1}
}

// journalMagic begins a rollback journal's header, and ends the name of the journal
// that the journals of one transaction over several files share.
const journalMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"

// checkJournal reports whether the journal of a broken transaction stands there. One
// that names another file is fault.Invalid: SQLite would look for that name on this
// machine, and remove what it finds.
func checkJournal(path string) (bool, error) {
	f, err := os.Open(path) //nolint:gosec // beside the callers' own paths
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = f.Close() }()
	var b [len(journalMagic)]byte
	n, err := io.ReadFull(f, b[:])
	switch {
	case n == 0 || b[0] == 0: // one that was ended
		return false, nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return false, fmt.Errorf("sqlite: %w", err)
	case string(b[:]) != journalMagic:
		return false, fault.New(fault.Invalid, "The file with -journal at the end is no journal of SQLite's, or damaged.")
	}
	if _, err := f.Seek(-int64(len(b)), io.SeekEnd); err != nil {
		return false, fmt.Errorf("sqlite: %w", err)
	}
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return false, fmt.Errorf("sqlite: %w", err)
	}
	if string(b[:]) == journalMagic {
		return false, fault.New(fault.Invalid, "The journal is part of a transaction over several databases. Open the database "+
			"once with the program it comes from, where all of them are, and give the file then.")
	}
	return true, nil
}
