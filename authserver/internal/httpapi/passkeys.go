// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// passkeyRoutes are what people do with their own. A realm that has turned passkeys
// off still lists, renames and removes those there are, and refuses new ones with NotFound.
func (a *API) passkeyRoutes() []route {
	return []route{
		endpoint(a, route{
			method: "GET", path: "/api/user/passkeys", status: http.StatusOK, bearer: bearerRequired,
			summary: "The passkeys of the user",
			rate:    request.RateRead,
		}, a.passkeys),
		endpoint(a, route{
			method: "POST", path: "/api/user/passkeys/begin", status: http.StatusOK, bearer: bearerRequired,
			summary: "Begin to set up a passkey: give the options to navigator.credentials.create",
			rate:    request.RateCode,
			refuses: append(factorProofRefusals(), auth.NotFound, auth.TooManyPasskeys),
		}, a.beginPasskey),
		endpoint(a, route{
			method: "POST", path: "/api/user/passkeys", status: http.StatusCreated, bearer: bearerRequired,
			summary: "Set up the passkey that the browser brought back",
			rate:    request.RateCode,
			refuses: []auth.Code{auth.NotFound, auth.PasskeyRegistrationInvalid, auth.PasskeyExists},
		}, a.finishPasskey),
		endpoint(a, route{
			method: "PATCH", path: "/api/user/passkeys/{id}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Give a passkey another name",
			rate:    request.RateChange,
			refuses: []auth.Code{auth.NotFound},
		}, a.renamePasskey),
		endpoint(a, route{
			method: "DELETE", path: "/api/user/passkeys/{id}", status: http.StatusNoContent, bearer: bearerRequired,
			summary: "Remove a passkey",
			rate:    request.RateCode,
			refuses: append(factorProofRefusals(), auth.NotFound, auth.LastIdentity),
		}, a.removePasskey),
	}
}

type passkeysBody struct {
	Passkeys []passkeyBody `json:"passkeys"`
}

// passkeyBody has the method passkey for one that signs in by itself, and security_key for one
// that is a second factor.
type passkeyBody struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Method     auth.Method `json:"method"`
	Synced     bool        `json:"synced"`
	CreatedAt  time.Time   `json:"created_at"`
	LastUsedAt *time.Time  `json:"last_used_at"`
}

func passkeyOf(p passkey.Passkey) passkeyBody {
	return passkeyBody{p.ID, p.Name, p.Method(), p.BackedUp, p.CreatedAt, p.LastUsedAt}
}

func (a *API) passkeys(ctx context.Context, r call[empty]) (passkeysBody, error) {
	list, err := a.Accounts.PasskeysOf(ctx, r.Bearer)
	body := passkeysBody{Passkeys: []passkeyBody{}}
	for _, p := range list {
		body.Passkeys = append(body.Passkeys, passkeyOf(p))
	}
	return body, err
}

// ceremonyBody is a question to an authenticator. Whoever has the ceremony may answer it, once.
type ceremonyBody struct {
	Ceremony  string          `json:"ceremony"`
	Options   json.RawMessage `json:"options"`
	ExpiresIn int64           `json:"expires_in"`
}

func ceremonyOf(c passkey.Ceremony, err error) (ceremonyBody, error) {
	return ceremonyBody{string(c.ID), c.Options, seconds(c.Lifetime)}, err
}

func (a *API) beginPasskey(ctx context.Context, r call[proofBody]) (ceremonyBody, error) {
	return ceremonyOf(a.Accounts.BeginPasskey(ctx, r.Bearer, r.Body.proof(), r.Client))
}

// registrationBody has the credential as a text: JSON.stringify of the browser's
// PublicKeyCredential.
type registrationBody struct {
	Ceremony   auth.Secret `json:"ceremony" required:"true" maxLength:"128"`
	Credential string      `json:"credential" required:"true" maxLength:"32768"`
	Name       string      `json:"name" required:"true" maxLength:"256" format:"name"`
}

// passkeyAddedBody has backup codes when the passkey is the first second factor.
type passkeyAddedBody struct {
	passkeyBody
	BackupCodes []string `json:"backup_codes,omitempty"`
}

func (a *API) finishPasskey(ctx context.Context, r call[registrationBody]) (passkeyAddedBody, error) {
	added, err := a.Accounts.FinishPasskey(ctx, r.Bearer, passkey.Registration{
		Ceremony: r.Body.Ceremony, Credential: r.Body.Credential, Name: r.Body.Name,
	}, r.Client)
	if err != nil {
		return passkeyAddedBody{}, err
	}
	return passkeyAddedBody{passkeyOf(added.Passkey), texts(added.BackupCodes)}, nil
}

type renamePasskeyBody struct {
	ID   string `path:"id" required:"true" maxLength:"36" format:"uuid"`
	Name string `json:"name" required:"true" maxLength:"256" format:"name"`
}

func (a *API) renamePasskey(ctx context.Context, r call[renamePasskeyBody]) (empty, error) {
	return empty{}, a.Accounts.RenamePasskey(ctx, r.Bearer, r.Body.ID, r.Body.Name, r.Client)
}

type passkeyPath struct {
	ID string `path:"id" required:"true" maxLength:"36" format:"uuid"`
	proofBody
}

func (a *API) removePasskey(ctx context.Context, r call[passkeyPath]) (empty, error) {
	return empty{}, a.Accounts.RemovePasskey(ctx, r.Bearer, r.Body.ID, r.Body.proof(), r.Client)
}
