// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
)

// document is what a provider answers with.
type document struct {
	mediaType string
	body      []byte
}

// fetch reads a document of one of the media types in accept; token, if any, is
// shown as a bearer token. The error is a declined when the provider does answer, and
// will not give it.
func (p *provider) fetch(ctx context.Context, address, token, accept string) (document, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return document{}, fault("its address is not a URL")
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "realmkeeper")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := p.client.Do(r)
	if err != nil {
		return document{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case declines(response):
		return document{}, declined{faultf("answered %d", response.StatusCode)}
	case response.StatusCode != http.StatusOK:
		return document{}, faultf("answered %d", response.StatusCode)
	case err != nil:
		return document{}, fault("its answer breaks off, comes too slowly or is too large")
	}
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return document{mediaType, body}, nil
}

// get reads a JSON document.
func (p *provider) get(ctx context.Context, address, token string) ([]byte, error) {
	d, err := p.fetch(ctx, address, token, "application/json")
	return d.body, err
}

// declined is the fault of a provider that would answer the same tomorrow. Where the
// document is not needed, that says no more than that it says nothing.
type declined struct{ error }

func (d declined) Unwrap() error { return d.error }

func isDeclined(err error) bool { return errors.As(err, new(declined)) }

// declines tells a refusal that stays from one that passes. GitHub answers 403, too,
// when it has been asked too often.
func declines(r *http.Response) bool {
	switch r.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	case http.StatusForbidden:
		return r.Header.Get("Retry-After") == "" && r.Header.Get("X-RateLimit-Remaining") != "0"
	default:
		return r.StatusCode >= http.StatusBadRequest && r.StatusCode < http.StatusInternalServerError
	}
}
