// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// metadata is what the realm says of itself (OpenID Connect Discovery 1.0, section 3;
// RFC 8414, section 2): what works, and nothing else.
type metadata struct {
	Issuer                string `json:"issuer"`
	JWKSURI               string `json:"jwks_uri"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserInfoEndpoint      string `json:"userinfo_endpoint"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	PushedRequestEndpoint string `json:"pushed_authorization_request_endpoint"`

	// RFC 7591, as RFC 8414, section 2, has it, and
	// draft-ietf-oauth-client-id-metadata-document, section 5: where clients may register
	// themselves, or be known by a document.
	RegistrationEndpoint string `json:"registration_endpoint,omitempty"`
	DocumentsSupported   bool   `json:"client_id_metadata_document_supported,omitempty"`

	// RFC 8628, section 4.
	DeviceAuthorizationEndpoint string `json:"device_authorization_endpoint"`

	ScopesSupported   []string                `json:"scopes_supported,omitempty"`
	ResponseTypes     []string                `json:"response_types_supported"`
	ResponseModes     []responseMode          `json:"response_modes_supported"`
	GrantTypes        []realmconfig.GrantType `json:"grant_types_supported"`
	SubjectTypes      []string                `json:"subject_types_supported"`
	IDTokenAlgorithms []realmconfig.Algorithm `json:"id_token_signing_alg_values_supported"`
	ClaimsSupported   []string                `json:"claims_supported"`
	ClassesSupported  []string                `json:"acr_values_supported"`
	PromptsSupported  []string                `json:"prompt_values_supported"`
	ChallengeMethods  []string                `json:"code_challenge_methods_supported"`
	LocalesSupported  []string                `json:"ui_locales_supported"`

	// OpenID Connect Back-Channel Logout 1.0, section 2.1.
	BackchannelLogout        bool `json:"backchannel_logout_supported"`
	BackchannelLogoutSession bool `json:"backchannel_logout_session_supported"`

	// OpenID Connect Core 1.0, sections 5.5 and 6, and RFC 9207, section 3.
	ClaimsParameter     bool `json:"claims_parameter_supported"`
	RequestParameter    bool `json:"request_parameter_supported"`
	RequestURIParameter bool `json:"request_uri_parameter_supported"`
	IssuerInAnswers     bool `json:"authorization_response_iss_parameter_supported"`

	// RFC 9449, section 5.1.
	ProofAlgorithms []string `json:"dpop_signing_alg_values_supported"`

	// RFC 9126, section 5: a client says whether it must.
	RequirePushedRequests bool `json:"require_pushed_authorization_requests"`

	TokenAuthMethods            []realmconfig.AuthMethod `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgorithms         []string                 `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthMethods    []realmconfig.AuthMethod `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgorithms []string                 `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethods       []realmconfig.AuthMethod `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgorithms    []string                 `json:"revocation_endpoint_auth_signing_alg_values_supported"`
}

func (s *Service) metadata() (metadata, error) {
	algorithms, err := s.publishedAlgorithms()
	if err != nil {
		return metadata{}, err
	}
	confidential := []realmconfig.AuthMethod{realmconfig.ClientSecretBasic, realmconfig.ClientSecretPost, realmconfig.PrivateKeyJWT}
	signing := s.Clients.Keys.Algorithms()
	all := append(slices.Clone(confidential), realmconfig.NoAuthMethod)
	return metadata{
		Issuer: s.Settings().Issuer, JWKSURI: s.address(jwksPath),
		AuthorizationEndpoint: s.address(authorizePath), UserInfoEndpoint: s.address(userInfoPath), EndSessionEndpoint: s.address(endSessionPath),
		TokenEndpoint: s.address(tokenPath), IntrospectionEndpoint: s.address(introspectPath), RevocationEndpoint: s.address(revokePath),
		PushedRequestEndpoint: s.address(parPath), ProofAlgorithms: dpop.Algorithms(), DeviceAuthorizationEndpoint: s.address(deviceAuthorizationPath),
		RegistrationEndpoint: s.registrationEndpoint(), DocumentsSupported: s.Settings().Clients.MetadataDocuments != nil,
		ScopesSupported: append([]string{openidScope}, append(userScopes(), offlineScope)...),
		ResponseTypes:   []string{"code"}, ResponseModes: []responseMode{queryMode, formPostMode}, GrantTypes: s.grantTypes(), SubjectTypes: []string{"public"}, IDTokenAlgorithms: algorithms,
		ClaimsSupported: append([]string{
			"acr", "amr", "at_hash", "aud", "auth_time", "email", "email_verified", "exp", "groups", "iat", "iss", "jti", "locale", "name", "nonce", "role", "sid", "sub",
		}, s.saidByRealm()...),
		ClassesSupported: []string{auth.OneFactor, auth.TwoFactors}, PromptsSupported: []string{promptNone, promptLogin, promptConsent, promptSelectAccount},
		ChallengeMethods: []string{"S256"}, LocalesSupported: s.Settings().UI.Languages, BackchannelLogout: true, BackchannelLogoutSession: true, ClaimsParameter: true, IssuerInAnswers: true,
		TokenAuthMethods: all, TokenAuthAlgorithms: signing,
		IntrospectionAuthMethods: confidential, IntrospectionAuthAlgorithms: signing,
		RevocationAuthMethods: all, RevocationAuthAlgorithms: signing,
	}, nil
}

// address is that of a path below the issuer.
func (s *Service) address(path string) string { return s.Settings().Address(path) }

// publishedAlgorithms are those of the keys that verifiers should know now, in order.
func (s *Service) publishedAlgorithms() ([]realmconfig.Algorithm, error) {
	keys, err := s.Tokens.JWKS()
	algorithms := []realmconfig.Algorithm{}
	for _, k := range keys {
		algorithms = append(algorithms, k.Alg)
	}
	slices.Sort(algorithms)
	return slices.Compact(algorithms), err
}
