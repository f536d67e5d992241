package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"

	"golang.org/x/crypto/argon2"

	"github.com/kuratchi/dashboard/internal/fault"
)

// MaxHashes is how many hashes are computed at once. With [DefaultParams] that
// is 184 MiB; a flood of sign-ins waits in line instead of taking the memory.
const MaxHashes = 4

// Hasher hashes and verifies passwords. It is safe for concurrent use.
type Hasher struct {
	params Params
	slots  chan struct{} // one for each hash under way
	derive func(password, salt []byte, p Params) []byte
}

// NewHasher returns a hasher of that cost, or [fault.Invalid] if the cost is
// outside the bounds of [Params]. Anything below [DefaultParams] is for tests.
func NewHasher(p Params) (*Hasher, error) {
	if err := p.check(); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The cost of password hashes is out of bounds")
	}
	return &Hasher{params: p, slots: make(chan struct{}, MaxHashes), derive: argon2id}, nil
}

func argon2id(password, salt []byte, p Params) []byte {
	return argon2.IDKey(password, salt, p.Time, p.Memory, p.Threads, uint32(p.Key))
}

// Hash returns the PHC string to store for a password. It checks only that the
// password isn't over [MaxPassword] ([fault.Invalid] at field "password"); see
// [CheckNew] for the rest. While [MaxHashes] are under way it waits for ctx at
// most, then returns [fault.Unavailable].
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPassword {
		return "", errTooLong()
	}
	salt := make([]byte, h.params.Salt)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key, err := h.work(ctx, password, salt, h.params)
	if err != nil {
		return "", err
	}
	return phc{params: h.params, salt: salt, key: key}.String(), nil
}

// Verify reports in constant time whether the password is the one stored was
// made from. With ok, rehash says that stored has another cost than this hasher
// gives: store a new Hash. A password over [MaxPassword] is simply wrong.
//
// The error is [fault.Internal] when stored is damaged or absurdly expensive,
// and [fault.Unavailable] when ctx ended while waiting.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (ok, rehash bool, err error) {
	want, err := parsePHC(stored)
	if err != nil {
		return false, false, fault.Wrap(err, fault.Internal, "a stored password hash is unusable")
	}
	if len(password) > MaxPassword {
		return false, false, nil
	}
	key, err := h.work(ctx, password, want.salt, want.params)
	if err != nil || subtle.ConstantTimeCompare(key, want.key) != 1 {
		return false, false, err
	}
	return true, want.params != h.params, nil
}

// VerifyUnknown does the work of Verify for nobody, so that the time an answer
// takes does not tell whether an e-mail is known (ASVS 6.3.8). Its error is
// that of Verify.
func (h *Hasher) VerifyUnknown(ctx context.Context, password string) error {
	if len(password) > MaxPassword {
		return nil
	}
	key, err := h.work(ctx, password, make([]byte, h.params.Salt), h.params)
	subtle.ConstantTimeCompare(key, make([]byte, h.params.Key))
	return err
}

// work derives a key in one of the slots. A derivation can't be interrupted;
// ctx only ends the waiting.
func (h *Hasher) work(ctx context.Context, password string, salt []byte, p Params) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, errBusy(err)
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, errBusy(ctx.Err())
	}
	defer func() { <-h.slots }()
	return h.derive([]byte(password), salt, p), nil
}

func errBusy(err error) error {
	return fault.Wrap(err, fault.Unavailable, "Too many people sign in at this moment. Try again in a few seconds.")
}
