// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// dpopType is the type of an access token that is bound to a key (RFC 9449, section 5).
const dpopType = "DPoP"

// tokenType is the type of an access token that is bound to a key, or to none.
func tokenType(key string) string {
	if key == "" {
		return bearer
	}
	return dpopType
}

// confirmation is the key that a token is bound to (RFC 9449, section 6).
type confirmation struct {
	Thumbprint string `json:"jkt"`
}

func confirmationOf(key string) *confirmation {
	if key == "" {
		return nil
	}
	return &confirmation{key}
}

// proven is c with the key that its client has shown to hold, if it has shown one: what c
// is given is bound to that. It refuses with InvalidDPoPProof or UseDPoPNonce, and a client
// that has shown none where it must.
func (s *Service) proven(ctx context.Context, c call) (call, error) {
	switch {
	case len(c.proofs) == 0 && c.client.MustProveKey():
		return c, refuse(InvalidDPoPProof, "The client must show that it holds a key, by the header DPoP (RFC 9449).")
	case len(c.proofs) == 0:
		return c, nil
	case c.client.IsFirstParty():
		return c, refuse(InvalidRequest, "Tokens of the realm's own applications are bound to no key: leave the header DPoP out.")
	}
	key, err := s.Proofs.Held(ctx, dpop.Request{Proofs: c.proofs, Method: http.MethodPost, URL: s.address(c.path), NonceNeeded: true})
	c.key = key
	return c, proofRefusal(err)
}

// proofRefusal is a refusal of a proof in the words of RFC 9449, sections 5 and 8.
func proofRefusal(err error) error {
	refused := (*dpop.Refusal)(nil)
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.Nonce:
		return refuse(UseDPoPNonce, refused.Description)
	default:
		return refuse(InvalidDPoPProof, refused.Description)
	}
}

// giveNonce tells a client that has shown a proof which nonce its next one needs.
func (s *Service) giveNonce(w http.ResponseWriter, r *http.Request) {
	if len(request.Proofs(r)) == 0 {
		return
	}
	nonce, err := s.Proofs.NewNonce()
	if err != nil {
		s.problems.Record(r, err)
		return
	}
	request.GiveNonce(w, nonce)
}

// checkPossession refuses an access token that is shown in another way than it is for, or by
// somebody who does not hold the key that it is bound to.
func (s *Service) checkPossession(r *http.Request, shown shownToken, t auth.ClientToken) error {
	switch {
	case t.Key == "" && shown.scheme == request.BearerScheme:
		return nil
	case t.Key == "":
		return &bearerError{invalidToken, "The access token is bound to no key: show it by the scheme Bearer.", shown.scheme}
	case shown.scheme == request.BearerScheme:
		return &bearerError{invalidToken, "The access token is bound to a key: show it by the scheme DPoP, with a proof.", request.DPoPScheme}
	}
	err := s.Proofs.Prove(r.Context(), dpop.Request{
		Proofs: request.Proofs(r), Method: r.Method, URL: s.address(userInfoPath), NonceNeeded: true,
	}, shown.token, t.Key)
	if refusal, ok := asError(proofRefusal(err)); ok {
		return &bearerError{string(refusal.Code), refusal.Description, request.DPoPScheme}
	}
	return err
}
