package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

// Place is where a sealed text is kept.
type Place struct{ Table, Column, Row string }

func (p Place) bytes() []byte { return fmt.Appendf(nil, "%q %q %q", p.Table, p.Column, p.Row) }

const (
	// keySize is AES-256's, in bytes.
	keySize = 32
	// prefix tells a sealed text and the form it has.
	prefix = "sealed1."
	idSize = 4
)

type key struct {
	secret []byte
	id     [idSize]byte // the beginning of its SHA-256, to find it again
	aead   cipher.AEAD
}

func newKey(secret []byte) (key, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCM(block)
	sum := sha256.Sum256(secret)
	return key{secret: secret, id: [idSize]byte(sum[:idSize]), aead: aead}, err
}

// Vault seals and opens. It is safe for concurrent use.
type Vault struct{ keys []key }

// Parse reads keys, each 32 bytes in base64 (standard or URL alphabet), with commas
// between them. fault.Invalid for what is none; the text isn't repeated.
func Parse(text string) (*Vault, error) {
	v := &Vault{}
	for i, part := range strings.Split(text, ",") {
		part = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(part), "="))
		secret, err := base64.RawStdEncoding.DecodeString(part)
		if err != nil || len(secret) != keySize {
			return nil, fault.New(fault.Invalid, "Key %d is not 32 bytes in base64. Make one with: openssl rand -base64 32", i+1)
		}
		k, err := newKey(secret)
		if err != nil {
			return nil, err
		}
		v.keys = append(v.keys, k)
	}
	return v, nil
}

// Seal returns a text that opens at its place alone, as printable ASCII.
func (v *Vault) Seal(p Place, secret string) string {
	k := v.keys[0]
	out := append([]byte{}, k.id[:]...)
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	out = append(out, nonce...)
	return prefix + base64.RawURLEncoding.EncodeToString(k.aead.Seal(out, nonce, []byte(secret), p.bytes()))
}

// Open returns what was sealed for that place. fault.Unavailable when no key of the
// vault opens it, or when it was sealed for another place.
func (v *Vault) Open(p Place, sealed string) (string, error) {
	id, rest, ok := split(sealed)
	if ok {
		for _, k := range v.keys {
			if k.id != id || len(rest) < k.aead.NonceSize() {
				continue
			}
			plain, err := k.aead.Open(nil, rest[:k.aead.NonceSize()], rest[k.aead.NonceSize():], p.bytes())
			if err == nil {
				return string(plain), nil
			}
		}
	}
	return "", fault.New(fault.Unavailable,
		"A stored secret (%s of %s) can't be opened with the key of this installation. "+
			"Bring back the key it was sealed with, or enter the secret again.", p.Column, p.Table)
}

// Current reports whether a text is sealed with the key that seals now.
func (v *Vault) Current(sealed string) bool {
	id, _, ok := split(sealed)
	return ok && id == v.keys[0].id
}

func split(sealed string) (id [idSize]byte, rest []byte, ok bool) {
	text, ok := strings.CutPrefix(sealed, prefix)
	if !ok {
		return id, nil, false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < idSize {
		return id, nil, false
	}
	return [idSize]byte(b[:idSize]), b[idSize:], true
}
