package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
)

// tokenBytes is twice the 128 bits ASVS 7.2.3 asks for, so that a plain sha256
// is enough of a hash: nobody can try them.
const tokenBytes = 32

// tokenText is the length of tokenBytes in base64url without padding.
const tokenText = 43

// tokenEncoding is strict, so that each token has one spelling.
var tokenEncoding = base64.RawURLEncoding.Strict()

// NewToken returns a new secret, prefix and 43 characters of base64url for 256
// random bits, and the hash to store in its place. Show plain once and keep only
// hash. A prefix such as "kur_" lets secret scanners find a leaked one.
func NewToken(prefix string) (plain, hash string) {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	plain = prefix + tokenEncoding.EncodeToString(b[:])
	return plain, HashToken(plain)
}

// HashToken returns the hash under which a token is stored and looked up: the
// sha256 of the whole token with its prefix, as 64 hexadecimal digits.
func HashToken(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

// TokenMatches reports in constant time whether hash is plain's.
func TokenMatches(plain, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(HashToken(plain)), []byte(hash)) == 1
}

// isToken reports whether s has the shape of a token without a prefix.
func isToken(s string) bool {
	if len(s) != tokenText {
		return false
	}
	var b [tokenBytes]byte
	n, err := tokenEncoding.Decode(b[:], []byte(s))
	return err == nil && n == tokenBytes
}
