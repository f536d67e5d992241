package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params is the cost of an argon2id hash.
type Params struct {
	// Memory is in KiB: from 8 for each thread to 1048576, which is 1 GiB.
	Memory uint32
	// Time is the number of passes over that memory: 1 to 16.
	Time uint32
	// Threads changes the hash, so it must not depend on the machine: 1 to 16.
	Threads uint8
	// Salt and Key are lengths in bytes: 8 to 64, and 16 to 64.
	Salt, Key uint8
}

// DefaultParams is one of the settings OWASP's Password Storage Cheat Sheet
// calls equal: 46 MiB and one pass. It prefers memory to passes, which costs an
// attacker's hardware most. Lengths are of RFC 9106 section 4.
func DefaultParams() Params {
	return Params{Memory: 47104, Time: 1, Threads: 1, Salt: 16, Key: 32}
}

// The bounds keep a damaged or planted hash from taking the server's memory or
// a minute of its time. They are ours; RFC 9106 section 3.1 allows far more.
const (
	maxMemory  = 1 << 20 // KiB
	maxTime    = 16
	maxThreads = 16
	minSalt    = 8
	minKey     = 16
	maxBytes   = 64
	maxPHC     = 256
)

func (p Params) check() error {
	switch {
	case p.Threads < 1 || p.Threads > maxThreads:
		return errors.New("threads are not 1 to 16")
	case p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory:
		return errors.New("memory is not 8 KiB a thread to 1 GiB")
	case p.Time < 1 || p.Time > maxTime:
		return errors.New("passes are not 1 to 16")
	case p.Salt < minSalt || p.Salt > maxBytes:
		return errors.New("salt is not 8 to 64 bytes")
	case p.Key < minKey || p.Key > maxBytes:
		return errors.New("key is not 16 to 64 bytes")
	}
	return nil
}

// phc is a password hash as it is stored, in the PHC string format:
//
//	$argon2id$v=19$m=47104,t=1,p=1$salt$key
type phc struct {
	params    Params
	salt, key []byte
}

var phcEncoding = base64.RawStdEncoding.Strict()

func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.Memory, h.params.Time, h.params.Threads,
		phcEncoding.EncodeToString(h.salt), phcEncoding.EncodeToString(h.key))
}

// parsePHC reads what String writes and nothing else: for every s it accepts,
// String gives s back. Its errors hold no part of s.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(s) > maxPHC || len(parts) != 6 || parts[0] != "" {
		return phc{}, errors.New("not a PHC string of six parts")
	}
	if parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errors.New("not argon2id of version 19")
	}
	h, err := parseCost(parts[3])
	if err != nil {
		return phc{}, err
	}
	if h.salt, err = phcEncoding.DecodeString(parts[4]); err != nil {
		return phc{}, errors.New("salt is not base64")
	}
	if h.key, err = phcEncoding.DecodeString(parts[5]); err != nil {
		return phc{}, errors.New("key is not base64")
	}
	// Lengths fit a byte because the whole is at most maxPHC characters.
	h.params.Salt, h.params.Key = uint8(len(h.salt)), uint8(len(h.key))
	if err := h.params.check(); err != nil {
		return phc{}, err
	}
	if h.String() != s {
		return phc{}, errors.New("not in canonical form")
	}
	return h, nil
}

// parseCost reads "m=47104,t=1,p=1".
func parseCost(s string) (phc, error) {
	fields := strings.Split(s, ",")
	if len(fields) != 3 {
		return phc{}, errors.New("not the three parameters m, t and p")
	}
	var n [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(fields[i], name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil {
			return phc{}, errors.New("parameter " + name + " is missing or no number")
		}
		n[i] = v
	}
	if n[2] > maxThreads {
		return phc{}, errors.New("threads are not 1 to 16")
	}
	return phc{params: Params{Memory: uint32(n[0]), Time: uint32(n[1]), Threads: uint8(n[2])}}, nil
}
