// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// plainError is an error in the words of a status.
type plainError struct {
	error
	words string
}

// Error implements error.
func (p *plainError) Error() string { return p.words }

// Unwrap gives back what the driver said.
func (p *plainError) Unwrap() error { return p.error }

// inPlainWords leaves out the steps by which the driver came to an error, and says for
// each host once what was the matter.
func inPlainWords(err error) error {
	var refused *pgconn.ConnectError
	if !errors.As(err, &refused) {
		return err
	}
	each := []error{refused.Unwrap()}
	if joined, ok := each[0].(interface{ Unwrap() []error }); ok {
		each = joined.Unwrap()
	}
	words := []string{}
	for _, e := range each {
		if w := wordsOf(e); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return &plainError{err, strings.Join(words, "; ")}
}

// wordsOf is one host's error: its address, as the driver has it, and the cause.
func wordsOf(err error) string {
	var answer *pgconn.PgError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var network *net.OpError
	address, _, _ := strings.Cut(err.Error(), ": ")
	switch {
	case errors.As(err, &answer):
		return address + ": " + answer.Message + adviceOn(answer)
	case errors.As(err, &certificate):
		return address + ": " + certificate.Err.Error()
	case errors.As(err, &authority):
		return address + ": " + authority.Error()
	case pgconn.Timeout(err):
		return address + ": no answer in time"
	case errors.As(err, &network):
		return address + ": " + network.Err.Error()
	default:
		return err.Error()
	}
}

// adviceOn says what to do about what only a pooler says.
func adviceOn(answer *pgconn.PgError) string {
	if strings.HasPrefix(answer.Message, "unsupported startup parameter") {
		return "; a pooler takes no parameters for sessions from the URL: set them for the role, by ALTER ROLE … SET"
	}
	return ""
}
