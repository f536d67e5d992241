package database

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/fault"
)

// TokenTTL is how long a token is good for that no other end was asked for.
const TokenTTL = 365 * 24 * time.Hour

// SignToken returns a token for a database, "name.random.expiry.signature": 16
// random bytes in hex, Unix milliseconds, and HMAC-SHA256 over what stands
// before, in base64url. A name with a dot makes a token that can't be read;
// d1.CheckName refuses it.
func SignToken(gatewayKey, database string, expires time.Time) string {
	var rnd [16]byte
	_, _ = rand.Read(rnd[:]) // never fails (crypto/rand)
	body := database + "." + hex.EncodeToString(rnd[:]) + "." + strconv.FormatInt(expires.UnixMilli(), 10)
	return body + "." + signature(gatewayKey, body)
}

func signature(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(body)) // never fails (hash.Hash)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Reason says why a token was refused.
type Reason string

// The reasons, in the order they are looked for, by the SDK's names.
const (
	Malformed        Reason = "malformed"
	DatabaseMismatch Reason = "dbname_mismatch"
	Expired          Reason = "expired"
	BadSignature     Reason = "bad_sig"
)

// TokenError is what stands behind the refusal of a token.
type TokenError struct{ Reason Reason }

func (e *TokenError) Error() string { return "token refused: " + string(e.Reason) }

// ReasonOf returns why err's token was refused, "" when it is about none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*TokenError](err); ok {
		return e.Reason
	}
	return ""
}

func refuseToken(r Reason, format string, args ...any) error {
	return fault.Wrap(&TokenError{Reason: r}, fault.Denied, format, args...)
}

// VerifyToken returns nil for a token that was signed with the key, for that
// database, and is good at now; else a fault.Denied with its [Reason]. A token
// without a readable expiry counts as expired, as it does for the SDK. No token
// is good under an empty key.
func VerifyToken(gatewayKey, database, token string, now time.Time) error {
	parts := strings.Split(token, ".")
	if len(parts) != 4 || slices.Contains(parts, "") {
		return refuseToken(Malformed,
			"This is no database token: one has four parts with dots between. Copy it again in full, or make a new one.")
	}
	if parts[0] != database {
		return refuseToken(DatabaseMismatch, "The token belongs to another database. Use the one made for %q.", database)
	}
	end, err := strconv.ParseInt(parts[2], 10, 64)
	switch {
	case err != nil:
		return refuseToken(Expired, "The token for %q has no readable end. Make a new one.", database)
	case end < now.UnixMilli():
		return refuseToken(Expired, "The token for %q ended on %s. Make a new one.", database,
			time.UnixMilli(end).UTC().Format("2006-01-02 15:04 UTC"))
	}
	want := signature(gatewayKey, strings.Join(parts[:3], "."))
	if gatewayKey == "" || !hmac.Equal([]byte(parts[3]), []byte(want)) {
		return refuseToken(BadSignature, "The token for %q was not signed with this installation's gateway key. Make a new one.", database)
	}
	return nil
}
