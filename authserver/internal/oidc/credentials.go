// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// jwtBearer is the type of every assertion here (RFC 7523, section 2.2).
const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" //nolint:gosec // a name, and no credential

// credentialsOf finds what a request shows of its client, in the header or in the form. It
// refuses with InvalidRequest a request that shows more than one thing (RFC 6749, section
// 2.3), and with InvalidClient one that does not say of which client it is.
func credentialsOf(r *http.Request, f form) (client.Credentials, error) {
	found := client.Credentials{ClientID: f.get("client_id"), Method: realmconfig.NoAuthMethod}
	shown := 0
	if headers := r.Header.Values("Authorization"); len(headers) > 0 {
		id, secret, ok := parseBasic(headers)
		if !ok {
			return client.Credentials{}, refuse(InvalidClient, "The Authorization header is not one of the scheme Basic.")
		}
		if found.ClientID != "" && found.ClientID != id {
			return client.Credentials{}, refuse(InvalidRequest, "The header and client_id are of two clients.")
		}
		found = client.Credentials{ClientID: id, Method: realmconfig.ClientSecretBasic, Secret: secret}
		shown++
	}
	if f.has("client_secret") {
		found.Method, found.Secret = realmconfig.ClientSecretPost, f.secret("client_secret")
		shown++
	}
	if f.has("client_assertion") || f.has("client_assertion_type") {
		if f.get("client_assertion_type") != jwtBearer || !f.has("client_assertion") {
			return client.Credentials{}, refuse(InvalidRequest, "An assertion needs client_assertion and client_assertion_type "+jwtBearer+".")
		}
		found.Method, found.Assertion = realmconfig.PrivateKeyJWT, f.secret("client_assertion")
		shown++
	}
	if shown == 0 && f.get("grant_type") == string(realmconfig.TokenExchangeGrant) && f.get("subject_token_type") == jwtTokenType {
		// What a workload exchanges shows already who it is (RFC 8693, section 2.1).
		found.Method, found.Assertion = realmconfig.PrivateKeyJWT, f.secret("subject_token")
	}
	switch {
	case shown > 1:
		return client.Credentials{}, refuse(InvalidRequest, "The client shows who it is in more than one way.")
	case found.ClientID == "" && found.Method != realmconfig.PrivateKeyJWT:
		return client.Credentials{}, refuse(InvalidClient, "The request does not say which client sends it.")
	}
	return found, nil
}

// parseBasic reads the one header of the scheme Basic, whose parts are encoded as a form
// is (RFC 6749, section 2.3.1). A secret in base64url reads the same without it.
func parseBasic(headers []string) (id string, secret auth.Secret, ok bool) {
	if len(headers) != 1 {
		return "", "", false
	}
	scheme, encoded, _ := strings.Cut(headers[0], " ")
	pair, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	name, password, both := strings.Cut(string(pair), ":")
	if err != nil || !both || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	id, idErr := url.QueryUnescape(name)
	plain, secretErr := url.QueryUnescape(password)
	if idErr != nil || secretErr != nil || unprintable(id) || unprintable(plain) || !utf8.Valid(pair) {
		return "", "", false
	}
	return id, auth.Secret(plain), true
}
