// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// fault is what is wrong with a provider, in our words. Other errors are never
// passed on: libraries quote answers in theirs, and an answer may hold a token.
type fault string

func (f fault) Error() string { return string(f) }

func faultf(format string, args ...any) error { return fault(fmt.Sprintf(format, args...)) }

// unavailable is the refusal for a provider that does not answer as it should.
func unavailable(name, doing string, err error) error {
	return &auth.Error{Code: auth.ProviderUnavailable, Cause: fmt.Errorf("provider %s: %s: %w", name, doing, reason(err))}
}

// reason says what happened without quoting what the provider said.
func reason(err error) error {
	var (
		ours     fault
		refused  *oauth2.RetrieveError
		lookup   *net.DNSError
		exchange *url.Error
	)
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fault("no answer in time")
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &lookup):
		return fault("host name not found")
	case errors.As(err, &exchange) && exchange.Timeout():
		return fault("no answer in time")
	case errors.As(err, &exchange) && ofConnection(exchange.Err):
		return exchange.Err
	default:
		return fault("the answer is not understood")
	}
}

// ofConnection reports whether an error is about a connection alone, which was made without
// the request's secrets. One about the answer quotes it, and who answers may give back what
// they were asked.
func ofConnection(err error) bool {
	network := (*net.OpError)(nil)
	return errors.As(err, &network) || strings.HasPrefix(err.Error(), "tls: ") ||
		errors.Is(err, http.ErrSchemeMismatch) || errors.Is(err, io.EOF)
}

// refusal names the error code of a token endpoint if it looks like one (RFC
// 6749, section 5.2).
func refusal(e *oauth2.RetrieveError) error {
	status := 0
	if e.Response != nil {
		status = e.Response.StatusCode
	}
	odd := func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }
	if e.ErrorCode == "" || len(e.ErrorCode) > 40 || strings.ContainsFunc(e.ErrorCode, odd) {
		return faultf("answered %d", status)
	}
	return faultf("answered %d %s", status, e.ErrorCode)
}
