// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Credentials are what the realm shows to others. An absent file is an empty value.
type Credentials struct {
	SMTPUsername, SMTPPassword Credential
	// SMTPCA is PEM, for a server whose certificate no public CA has signed.
	SMTPCA Credential
	SMS    Credential
	// ProviderSecrets are client secrets by the provider's name.
	ProviderSecrets map[string]Credential
}

// Credential is a secret text. It never prints itself; convert it to a string to
// use it.
type Credential string

// LogValue hides the credential from log/slog.
func (Credential) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Format hides the credential from fmt, whatever the verb.
func (Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

func loadCredentials(dir string, providers []Provider) (Credentials, error) {
	c := Credentials{ProviderSecrets: map[string]Credential{}}
	errs := []error{}
	read := func(name string) Credential {
		value, err := readCredential(dir, name)
		errs = append(errs, err)
		return value
	}
	c.SMTPUsername, c.SMTPPassword = read(SMTPUsernameFile), read(SMTPPasswordFile)
	c.SMTPCA, c.SMS = read(SMTPCAFile), read(SMSSecretFile)
	for _, p := range providers {
		c.ProviderSecrets[p.Name] = read(ProviderSecretsDir + "/" + p.Name)
	}
	return c, errors.Join(errs...)
}

// readCredential reads a mounted value; a line break at its end is not part of it.
func readCredential(dir, name string) (Credential, error) {
	value, err := os.ReadFile(filepath.Join(dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read credential: %w", err)
	}
	return Credential(strings.TrimRight(string(value), "\r\n")), nil
}
