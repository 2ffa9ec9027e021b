// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// authenticate says which client sends a request. It refuses with InvalidRequest or
// InvalidClient, with auth.RateLimited a source that has shown too many wrong secrets,
// and with auth.DatabaseUnavailable where an assertion must be used up and cannot.
//
// The right secret passes whatever was counted: it has 256 bits, so that nobody guesses
// it, and nobody shuts a client out by guessing.
func (s *Service) authenticate(ctx context.Context, r *http.Request, f form) (realmconfig.Client, error) {
	found, err := s.shownBy(ctx, r, f)
	if refusal := (*client.InvalidClient)(nil); errors.As(err, &refusal) {
		err = &Error{Code: InvalidClient, Description: refusal.Description, Cause: refusal.Cause}
	}
	if refusal, ok := asError(err); ok && refusal.Code == InvalidClient {
		err = s.countFailure(r, refusal)
	}
	return found, err
}

func (s *Service) shownBy(ctx context.Context, r *http.Request, f form) (realmconfig.Client, error) {
	shown, err := credentialsOf(r, f)
	if err != nil {
		return realmconfig.Client{}, err
	}
	shown.Endpoints = []string{s.address(tokenPath), s.address(r.URL.Path)}
	return s.Clients.Authenticate(ctx, shown)
}

// countFailure is the refusal, or that of a source which has caused too many. Only what
// is within the limit is logged: a source cannot fill the log.
func (s *Service) countFailure(r *http.Request, refusal *Error) error {
	limited := s.Limiter.Check(r, request.Route{Pattern: request.InfoFrom(r.Context()).Route, Rate: request.RateClient})
	if limited != nil {
		return limited
	}
	s.Observer.ClientToken("", outcomeOf(refusal))
	reason := []any{"reason", refusal.Description}
	if refusal.Cause != nil {
		reason = append(reason, "cause", refusal.Cause)
	}
	s.Log.InfoContext(r.Context(), "client refused", reason...)
	return refusal
}
