package vault

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

// FromFile returns the vault of a key file, a key a line. One that isn't there is
// made with a random key. A file that others may read is fault.Denied.
func FromFile(path string) (*Vault, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		v, err := (&Vault{}).WithNewKey()
		if err != nil {
			return nil, err
		}
		return v, v.Save(path)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The key file %s can't be read.", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Denied, "Others may read the key file %s. Take that away: chmod 600 %s", path, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The key file %s can't be read.", path)
	}
	v, err := Parse(strings.Join(strings.Fields(string(b)), ","))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The key file %s can't be understood: %s", path, fault.Message(err))
	}
	return v, nil
}

// WithNewKey returns a vault that seals with a new random key and opens with the
// old ones too.
func (v *Vault) WithNewKey() (*Vault, error) {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	k, err := newKey(secret)
	return &Vault{keys: append([]key{k}, v.keys...)}, err
}

// WithoutOldKeys returns a vault that has only the key that seals.
func (v *Vault) WithoutOldKeys() *Vault { return &Vault{keys: v.keys[:1]} }

// Save writes the keys to a file, whole or not at all, readable by its owner alone.
func (v *Vault) Save(path string) error {
	var b strings.Builder
	for _, k := range v.keys {
		b.WriteString(base64.StdEncoding.EncodeToString(k.secret) + "\n")
	}
	if err := replace(path, b.String()); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The key file %s can't be written. Check the folder and its permissions.", path)
	}
	return nil
}

func replace(path, content string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return dir.Sync()
}
