// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (a *API) proofRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/proof", status: http.StatusOK, bearer: bearerRequired, rate: request.RateLogin,
			summary: "Prove once more who you are, for an access token that may change what protects the account",
			refuses: append(proofRefusals(), auth.SigningUnavailable),
		}, a.prove),
		endpoint(a, route{
			method: "POST", path: "/api/auth/proof/passkey/begin", status: http.StatusOK, bearer: bearerRequired, rate: request.RateCode,
			summary: "Begin a proof by passkey: give the options to navigator.credentials.get",
			refuses: []auth.Code{auth.NotFound, auth.SecondFactorMissing},
		}, a.askPasskeyProof),
	}
}

// proofRefusals is what a route refuses that asks for recent proof.
func proofRefusals() []auth.Code {
	return []auth.Code{
		auth.ProofRequired, auth.InvalidCredentials, auth.CodeInvalid, auth.PasskeyInvalid, auth.PasskeyUnverified, auth.AccountLocked, auth.TooManyAttempts, auth.Busy,
	}
}

// factorProofRefusals are what a request may be refused for that changes second factors or passkeys.
func factorProofRefusals() []auth.Code {
	return append(proofRefusals(), auth.InsufficientAuthentication)
}

// proofBody has a password, a code, or a ceremony and its credential, or none of these where a
// recent proof is enough.
type proofBody struct {
	Password auth.Secret `json:"password" maxLength:"4096"`
	Code     auth.Secret `json:"code" maxLength:"64"`
	passkeyProofBody
}

func (b proofBody) proof() signin.Proof {
	return signin.Proof{Password: b.Password, Code: b.Code, Passkey: b.answer()}
}

// passkeyProofBody has the credential as registrationBody has it.
type passkeyProofBody struct {
	Ceremony   auth.Secret `json:"ceremony" maxLength:"128"`
	Credential string      `json:"credential" maxLength:"32768"`
}

func (b passkeyProofBody) answer() signin.PasskeyAnswer {
	return signin.PasskeyAnswer{Ceremony: b.Ceremony, Credential: b.Credential}
}

func (a *API) askPasskeyProof(ctx context.Context, r call[empty]) (ceremonyBody, error) {
	return ceremonyOf(a.SignIn.AskPasskeyProof(ctx, r.Bearer))
}

// provenBody is named as in RFC 6749, section 5.1. There is no refresh token: the
// session stays as it was, and what it is refreshed to proves nothing.
type provenBody struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
}

func (a *API) prove(ctx context.Context, r call[proofBody]) (provenBody, error) {
	access, lifetime, err := a.SignIn.Prove(ctx, r.Bearer, r.Body.proof(), r.Client)
	return provenBody{AccessToken: string(access), TokenType: "Bearer", ExpiresIn: seconds(lifetime)}, err
}
