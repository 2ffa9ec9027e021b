// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// kept is what the file holds of a sign-in.
type kept struct {
	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	Subject      string `json:"subject"`
	Nonce        string `json:"nonce,omitempty"`
	IDToken      Secret `json:"id_token"`
	RefreshToken Secret `json:"refresh_token,omitempty"`
	// Expires is when the ID token does, by the clock of this machine.
	Expires time.Time `json:"expires"`
}

// Secret is a token. It does not print itself.
type Secret string

// String hides the secret from all that prints.
func (Secret) String() string { return "(secret)" }

// GoString hides it from %#v.
func (s Secret) GoString() string { return s.String() }

// path is a file of this client at this issuer. Neither name can lead elsewhere.
func (p *Plugin) path(extension string) string {
	sum := sha256.Sum256([]byte(p.Issuer + "\n" + p.ClientID))
	return filepath.Join(p.Dir, hex.EncodeToString(sum[:16])+extension)
}

// read returns what is kept, or ErrSignedOut. A file that cannot be understood is worth no
// more than none.
func (p *Plugin) read() (kept, error) {
	content, err := os.ReadFile(p.path(".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, fmt.Errorf("%w at %s", ErrSignedOut, p.Issuer)
	}
	if err != nil {
		return kept{}, fmt.Errorf("read the tokens: %w", err)
	}
	k := kept{}
	if err := json.Unmarshal(content, &k); err != nil || k.Issuer != p.Issuer || k.ClientID != p.ClientID {
		return kept{}, fmt.Errorf("%w: %s is damaged", ErrSignedOut, p.path(".json"))
	}
	return k, nil
}

// write replaces the file at once, and returns when the disk has it: after a crash there are
// the tokens of before or those of now. The caller holds the lock.
func (p *Plugin) write(k kept) error {
	k.Issuer, k.ClientID = p.Issuer, p.ClientID
	content, err := json.Marshal(k) //nolint:gosec // into a file for its owner alone
	if err != nil {
		return fmt.Errorf("keep the tokens: %w", err)
	}
	file, err := os.CreateTemp(p.Dir, "new-*") // which its owner alone may read
	if err != nil {
		return fmt.Errorf("keep the tokens: %w", err)
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), p.path(".json"))
	}
	if err != nil {
		return fmt.Errorf("keep the tokens: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

func (p *Plugin) forget() error {
	if err := os.Remove(p.path(".json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the tokens: %w", err)
	}
	return nil
}
