// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Snapshot is one consistent set of a realm's documents. It is immutable: a
// change makes a new one.
type Snapshot struct {
	Config         Config
	Keyset         Keyset
	EncryptionKeys EncryptionKeys
	Credentials    Credentials

	// ConfigRevision and KeysetRevision name the documents' contents; see Revision.
	ConfigRevision string
	KeysetRevision string
}

// Revision names a document by its contents: 12 hex digits of its SHA-256.
func Revision(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:6])
}

// Encode writes a document the way Load reads it, the same bytes every time.
func Encode(document any) ([]byte, error) {
	b, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode realm document: %w", err)
	}
	return append(b, '\n'), nil
}

// Load reads and validates the documents below dir. The error names the file and
// every problem in it, and never quotes a value.
func Load(dir string) (*Snapshot, error) {
	s := &Snapshot{}
	config, configErr := decodeFile(dir, ConfigFile, &s.Config)
	keyset, keysetErr := loadKeyset(dir, &s.Keyset)
	_, encryptionErr := decodeFile(dir, EncryptionKeysFile, &s.EncryptionKeys)
	if err := errors.Join(configErr, keysetErr, encryptionErr); err != nil {
		return nil, err
	}
	credentials, err := LoadCredentials(dir, s.Config.Providers)
	if err != nil {
		return nil, err
	}
	s.Credentials = credentials
	s.Config.Browser, s.Config.Passkeys = s.Config.Browser.asBrowsersWrite(), s.Config.Passkeys.asBrowsersWrite()
	s.ConfigRevision, s.KeysetRevision = Revision(config), Revision(keyset)
	return s, nil
}

// loadKeyset reads the key set, or else the earlier one.
func loadKeyset(dir string, into *Keyset) ([]byte, error) {
	data, err := decodeFile(dir, KeysetFile, into)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	var earlier EarlierKeyset
	data, err = decodeFile(dir, EarlierKeysetFile, &earlier)
	*into = earlier.Keyset()
	return data, err
}

type document interface{ Validate() error }

func decodeFile[D document](dir, name string, into *D) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // what is mounted
	if err != nil {
		return nil, fmt.Errorf("read realm document: %w", err)
	}
	if err := Decode(data, into); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// Decode reads one document strictly and validates it: unknown fields and
// trailing data are errors.
func Decode[D document](data []byte, into *D) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return describe(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has data after the document")
	}
	return (*into).Validate()
}

// describe keeps what encoding/json says about place and shape, and drops what
// it quotes of the input, which may be key material.
func describe(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("is not JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: must be a %s", kind.Field, kind.Type)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("is not complete")
	default:
		return err
	}
}
