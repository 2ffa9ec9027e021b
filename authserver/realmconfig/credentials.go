// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Credentials are what the realm shows to others. An absent file is an empty value.
type Credentials struct {
	// DatabaseURL and CacheURL are where the stores are, passwords included. The
	// CAs are PEM, for servers whose certificates no public CA has signed.
	DatabaseURL, DatabaseCA Credential
	CacheURL, CacheCA       Credential

	SMTPUsername, SMTPPassword Credential
	// SMTPCA is PEM, for a server whose certificate no public CA has signed.
	SMTPCA Credential
	SMS    Credential
	// ProviderSecrets are client secrets by the provider's name.
	ProviderSecrets map[string]Credential
}

// Database is where the database is.
func (c Credentials) Database() Place { return Place{URL: c.DatabaseURL, CA: c.DatabaseCA} }

// Cache is where the cache is.
func (c Credentials) Cache() Place { return Place{URL: c.CacheURL, CA: c.CacheCA} }

// Credential is a secret text. It never prints itself; convert it to a string to
// use it.
type Credential string

// NewCredential is a mounted value; a line break at its end is not part of it.
func NewCredential(value []byte) Credential {
	return Credential(strings.TrimRight(string(value), "\r\n"))
}

// LogValue hides the credential from log/slog.
func (Credential) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Format hides the credential from fmt, whatever the verb.
func (Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// CredentialsRevision names credentials, and the encryption keys beside them, by
// their contents: 12 hex digits. It is keyed with the encryption keys, so that
// whoever reads it cannot find a weak password by trial. An absent credential
// counts as an empty one.
func CredentialsRevision(keys EncryptionKeys, c Credentials) string {
	texts := []string{
		"realmkeeper credentials", string(c.DatabaseURL), string(c.DatabaseCA), string(c.CacheURL), string(c.CacheCA),
		string(c.SMTPUsername), string(c.SMTPPassword), string(c.SMTPCA), string(c.SMS), keys.Primary,
	}
	secret := []byte{}
	for _, k := range keys.Keys {
		texts = append(texts, k.ID)
		secret = append(secret, k.Key...)
	}
	for _, provider := range slices.Sorted(maps.Keys(c.ProviderSecrets)) {
		if value := c.ProviderSecrets[provider]; value != "" {
			texts = append(texts, provider, string(value))
		}
	}
	mac := hmac.New(sha256.New, secret)
	for _, text := range texts {
		// Lengths tell where one text ends and the next begins.
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		mac.Write([]byte(text))
	}
	return hex.EncodeToString(mac.Sum(nil)[:6])
}

// LoadCredentials reads the credentials below dir. Which providers have one is a
// matter of the settings.
func LoadCredentials(dir string, providers []Provider) (Credentials, error) {
	c := Credentials{ProviderSecrets: map[string]Credential{}}
	errs := []error{}
	read := func(name string) Credential {
		value, err := ReadCredential(dir, name)
		errs = append(errs, err)
		return value
	}
	c.DatabaseURL, c.DatabaseCA = read(DatabaseURLFile), read(DatabaseCAFile)
	c.CacheURL, c.CacheCA = read(CacheURLFile), read(CacheCAFile)
	c.SMTPUsername, c.SMTPPassword = read(SMTPUsernameFile), read(SMTPPasswordFile)
	c.SMTPCA, c.SMS = read(SMTPCAFile), read(SMSSecretFile)
	for _, p := range providers {
		c.ProviderSecrets[p.Name] = read(ProviderSecretsDir + "/" + p.Name)
	}
	return c, errors.Join(errs...)
}

// ReadCredential reads one mounted value; it is empty where nothing is mounted.
func ReadCredential(dir, name string) (Credential, error) {
	value, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // what is mounted
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read credential: %w", err)
	}
	return NewCredential(value), nil
}
