// SPDX-License-Identifier: Apache-2.0

// Package discovery knows where an identity provider answers, and what an OpenID
// Connect issuer must say of itself to be believed. The operator proves a
// provider by the same rules by which auth servers use it.
package discovery

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// What can be wrong with a document. The errors quote nothing of it.
var (
	ErrNotJSON   = errors.New("its answer is not the JSON that was asked for")
	ErrIssuer    = errors.New("its discovery document is of another issuer")
	ErrEndpoints = errors.New("its discovery document names endpoints that are missing or not safe")
)

// Document is what we need of a discovery document (OpenID Connect Discovery
// 1.0, section 3).
type Document struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	// UserInfoAlgorithms are of UserInfo responses; most providers sign none.
	UserInfoAlgorithms []string `json:"userinfo_signing_alg_values_supported"`
	TokenAuth          []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself        bool     `json:"authorization_response_iss_parameter_supported"`
}

// Issuer is the one of the settings, or the type's own; empty for a provider
// without discovery.
func Issuer(p realmconfig.Provider) string {
	switch p.Type {
	case realmconfig.GitHub, realmconfig.OAuth2:
		return ""
	case realmconfig.Google:
		return cmp.Or(p.Issuer, "https://accounts.google.com")
	case realmconfig.Microsoft:
		return cmp.Or(p.Issuer, "https://login.microsoftonline.com/common/v2.0")
	case realmconfig.GitLab:
		return cmp.Or(p.Issuer, "https://gitlab.com")
	default:
		return p.Issuer
	}
}

// Stated are the endpoints of a provider without discovery.
func Stated(p realmconfig.Provider) realmconfig.Endpoints {
	switch {
	case p.Endpoints != nil:
		return *p.Endpoints
	case p.Type == realmconfig.GitHub:
		return realmconfig.Endpoints{ //nolint:gosec // addresses, not credentials
			Authorization: "https://github.com/login/oauth/authorize",
			Token:         "https://github.com/login/oauth/access_token",
			UserInfo:      "https://api.github.com/user",
		}
	default:
		return realmconfig.Endpoints{}
	}
}

// URL is where an issuer keeps its document (section 4).
func URL(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// Parse reads a provider's document. It returns ErrNotJSON, ErrIssuer or
// ErrEndpoints for one that cannot be used.
func Parse(p realmconfig.Provider, document []byte) (Document, error) {
	issuer, d := Issuer(p), Document{}
	if err := Decode(document, &d); err != nil {
		return Document{}, err
	}
	if d.Issuer == "" { // which every issuer says; whatever this is, it is none
		return Document{}, ErrNotJSON
	}
	if d.Issuer != issuer && !ManyTenants(p, d.Issuer) {
		return Document{}, ErrIssuer
	}
	for _, address := range []string{d.Authorization, d.Token, d.JWKS, cmp.Or(d.UserInfo, d.Token)} {
		if !AsSafeAs(issuer, address) {
			return Document{}, ErrEndpoints
		}
	}
	return d, nil
}

// SecretInBody reports whether the token endpoint is known not to take the
// client's secret as a header: without a list, that is what every server takes.
func (d Document) SecretInBody() bool {
	return len(d.TokenAuth) > 0 && !slices.Contains(d.TokenAuth, "client_secret_basic")
}

// Decode reads one JSON document and nothing after it, or returns ErrNotJSON.
// Numbers keep their digits.
func Decode(document []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil || dec.More() {
		return ErrNotJSON
	}
	return nil
}

// AsSafeAs reports whether an address of an issuer's is HTTPS, unless the issuer is not either.
func AsSafeAs(issuer, address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.User == nil && u.Fragment == "" &&
		(u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(issuer, "http://"))
}

// tenantPlaceholder stands in the issuer of Microsoft's endpoints that serve
// every tenant: the issuer of a token has the tenant's id in its place.
const tenantPlaceholder = "{tenantid}"

// ManyTenants reports whether discovered stands for every tenant's issuer at the
// host of the settings.
func ManyTenants(p realmconfig.Provider, discovered string) bool {
	if p.Type != realmconfig.Microsoft || !strings.Contains(discovered, tenantPlaceholder) {
		return false
	}
	ours, err := url.Parse(Issuer(p))
	return err == nil && strings.HasPrefix(discovered, ours.Scheme+"://"+ours.Host+"/")
}

// TenantIssuer is the issuer of one tenant; empty when there is none of that id.
func TenantIssuer(p realmconfig.Provider, discovered, tenant string) string {
	if !ManyTenants(p, discovered) || uuid.Validate(tenant) != nil {
		return ""
	}
	return strings.ReplaceAll(discovered, tenantPlaceholder, tenant)
}
