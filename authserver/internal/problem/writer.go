// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// MediaType is of Details as JSON.
const MediaType = "application/problem+json"

// Writer answers programs.
type Writer struct {
	// Settings are those in force; they may change between calls.
	Settings func() realmconfig.Config
	Log      *slog.Logger
}

// Write answers a request with what an error is to its sender.
func (p Writer) Write(w http.ResponseWriter, r *http.Request, err error) {
	p.WriteOf(w, r, err, Resource{})
}

// WriteOf is Write for what was asked for at a protected resource.
func (p Writer) WriteOf(w http.ResponseWriter, r *http.Request, err error, about Resource) {
	refusal := Of(r.Context(), err)
	p.record(r, refusal)
	details := DetailsOf(refusal, request.InfoFrom(r.Context()).ID)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if details.Status == http.StatusUnauthorized || refusal.Reason == auth.ScopeMissing || refusal.Demand != nil {
		h.Set("WWW-Authenticate", challenge(p.Settings().Issuer, refusal)+about.challenge())
	}
	if seconds := RetryAfter(refusal); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	document, err := json.Marshal(details)
	if err != nil {
		panic(fmt.Sprintf("encode problem: %v", err)) // it is made of texts and numbers
	}
	h.Set("Content-Type", MediaType)
	w.WriteHeader(details.Status)
	_, _ = w.Write(document) // a client that has left is no news
}

// Record takes note of an error whose request is answered otherwise: its code in the
// request's Info, for its trace, and a cause that is our fault in the log.
func (p Writer) Record(r *http.Request, err error) { p.record(r, Of(r.Context(), err)) }

func (p Writer) record(r *http.Request, refusal *auth.Error) {
	info := request.InfoFrom(r.Context())
	if isFault(refusal) {
		p.Log.ErrorContext(r.Context(), "request failed", "code", refusal.Code, "route", info.Route, "error", refusal.Cause)
	}
	info.Code = refusal.Code
}

// challenge is the WWW-Authenticate header (RFC 6750, section 3; RFC 9449, section 7.1; RFC 9470,
// section 3). It has an error only when there was a token to judge.
func challenge(issuer string, refusal *auth.Error) string {
	switch {
	case refusal.Reason == auth.ProofRefused || refusal.Reason == auth.RequestUnknown:
		return fmt.Sprintf("DPoP realm=%q, error=\"invalid_dpop_proof\", error_description=%q", issuer, detailOf(refusal.Reason))
	case refusal.Reason == auth.TokenBound:
		return fmt.Sprintf("DPoP realm=%q, error=\"invalid_token\", error_description=%q", issuer, detailOf(refusal.Reason))
	case refusal.Reason == auth.ScopeMissing:
		return fmt.Sprintf("Bearer realm=%q, error=\"insufficient_scope\", error_description=%q", issuer, detailOf(refusal.Reason))
	case refusal.Demand != nil:
		return fmt.Sprintf("Bearer realm=%q, error=\"insufficient_user_authentication\", error_description=%q", issuer, TypeOf(refusal.Code).Detail) + demanded(*refusal.Demand)
	case refusal.Code == auth.TokenExpired || refusal.Code == auth.TokenInvalid:
		return fmt.Sprintf("Bearer realm=%q, error=\"invalid_token\", error_description=%q", issuer, TypeOf(refusal.Code).Detail)
	default:
		return fmt.Sprintf("Bearer realm=%q", issuer)
	}
}

// demanded is what a client asks the authorization endpoint for (RFC 9470, section 3).
func demanded(d auth.Demand) string {
	parameters := ""
	if d.ACR != "" {
		parameters += fmt.Sprintf(", acr_values=%q", d.ACR)
	}
	if d.MaxAge > 0 {
		parameters += fmt.Sprintf(", max_age=\"%d\"", Seconds(d.MaxAge))
	}
	return parameters
}
