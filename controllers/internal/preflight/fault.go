// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// statusError is an answer other than the one that was asked for.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("it answers %d", int(s)) }

// temporary reports whether the provider says that it will be better later.
func (s statusError) temporary() bool {
	return s == http.StatusTooManyRequests || s >= http.StatusInternalServerError
}

func forbidden(err error) bool { return errors.Is(err, outbound.ErrForbiddenAddress) }

const forbiddenMessage = " is at an address that is not public; set allowPrivateNetworks: true if that is meant" +
	" (link-local and metadata addresses stay forbidden)"

// explain says why there was no answer. It quotes neither the provider nor the
// request.
func explain(err error) string {
	var (
		answered  statusError
		lookup    *net.DNSError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		timeout   net.Error
	)
	switch {
	case errors.As(err, &answered):
		return answered.Error()
	case errors.Is(err, outbound.ErrTooLarge):
		return "its answer is too large"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it does not answer in time"
	case errors.As(err, &lookup):
		return "its host name is not found"
	case errors.As(err, &authority):
		return "its certificate is of an unknown authority"
	case errors.As(err, &host):
		return "its certificate is of another host"
	case errors.As(err, &invalid):
		return "its certificate is not valid"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "it refuses connections"
	default:
		return "the connection to it fails"
	}
}
