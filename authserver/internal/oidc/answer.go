// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// errorBody is the answer of a refusal (RFC 6749, section 5.2).
type errorBody struct {
	Error       ErrorCode `json:"error"`
	Description string    `json:"error_description,omitempty"`
}

// fail answers a client with what an error is to it, and takes note of a fault of ours.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	refusal, ours := asError(err)
	if !ours {
		s.problems.Record(r, err)
		told := problem.Of(r.Context(), err)
		refusal = errorOf(told)
		if seconds := problem.RetryAfter(told); seconds > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
		}
	}
	if ours {
		request.InfoFrom(r.Context()).Code = auth.Code(refusal.Code)
	}
	if refusal.Code == InvalidClient {
		// The one scheme that a client may have used (RFC 6749, section 5.2).
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", s.Settings().Issuer))
	}
	s.answer(w, r, refusal.status(), errorBody{refusal.Code, refusal.Description})
}

// answer writes a document that nobody may keep: it may have a token in it, or say
// what is true now alone.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	document, err := json.Marshal(body)
	if err != nil {
		s.problems.Write(w, r, fmt.Errorf("encode answer: %w", err))
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(document) // a client that has left is no news
}
