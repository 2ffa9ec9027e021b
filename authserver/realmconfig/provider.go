// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"slices"
	"strings"
)

// ProviderType is the dialect of an identity provider.
type ProviderType string

const (
	Google    ProviderType = "Google"
	GitHub    ProviderType = "GitHub"
	Microsoft ProviderType = "Microsoft"
	GitLab    ProviderType = "GitLab"
	// OIDC is any issuer with a discovery document.
	OIDC ProviderType = "OIDC"
	// OAuth2 is a server without ID tokens; its endpoints are stated.
	OAuth2 ProviderType = "OAuth2"
)

// ResponseMode is how a provider's answer comes back (OAuth 2.0 Multiple Response
// Type Encoding Practices, section 2.1).
type ResponseMode string

const (
	// QueryMode is in the query of a redirect.
	QueryMode ResponseMode = "Query"
	// FormPost is in a form that a page of the provider sends (OAuth 2.0 Form Post
	// Response Mode).
	FormPost ResponseMode = "FormPost"
)

// Provider is an identity provider that users may sign in with. Its client
// secret is in ProviderSecretsDir, in the file of its name.
type Provider struct {
	// Name stands in URLs: /api/auth/oauth/{name}.
	Name        string       `json:"name"`
	DisplayName string       `json:"displayName"`
	Type        ProviderType `json:"type"`
	ClientID    string       `json:"clientID"`
	Scopes      []string     `json:"scopes,omitempty"`

	// Issuer is empty for types that have only one, or none.
	Issuer string `json:"issuer,omitempty"`
	// Endpoints are stated for OAuth2, and replace the known ones of GitHub (an
	// Enterprise server).
	Endpoints *Endpoints `json:"endpoints,omitempty"`
	// Claims say where a profile keeps what is needed.
	Claims Claims `json:"claims"`
	// Groups says which of a user's groups there are groups here; nil for none.
	Groups *GroupMapping `json:"groups,omitempty"`

	// OwnCallback sends answers to /api/auth/oauth/callback/{name}, and not to the
	// callback that providers share.
	OwnCallback bool `json:"ownCallback,omitempty"`
	// RequireIssuer refuses answers that do not name the provider's issuer (RFC
	// 9207). Of the providers at the shared callback, all but one need it.
	RequireIssuer bool `json:"requireIssuer,omitempty"`

	// ResponseMode is empty by default, which means Query.
	ResponseMode ResponseMode `json:"responseMode,omitempty"`

	// AllowedEmailDomains, if any, are the only ones let in.
	AllowedEmailDomains []string `json:"allowedEmailDomains,omitempty"`
	// SignUp makes an account for a newcomer, as it does by default.
	SignUp bool `json:"signUp"`
	// LinkByEmail lets an identity join the account with the same address, when
	// the provider says that it has verified it.
	LinkByEmail bool `json:"linkByEmail"`
	// TrustEmail takes the provider's addresses for verified although it does
	// not say so.
	TrustEmail bool `json:"trustEmail,omitempty"`
	// AllowPrivateNetworks lets the provider's URLs point into private address ranges.
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
}

// Endpoints of an OAuth 2.0 server (RFC 6749, section 3).
type Endpoints struct {
	Authorization string `json:"authorization"`
	Token         string `json:"token"`
	UserInfo      string `json:"userInfo"`
}

// Claims are names of members in the ID token or the profile; an empty one is
// the type's own.
type Claims struct {
	Subject       string `json:"subject,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified string `json:"emailVerified,omitempty"`
	Name          string `json:"name,omitempty"`
}

func validateProviders(p *problems, list []Provider) {
	seen := map[string]bool{}
	for i, v := range list {
		p.check(v.Name != "" && !strings.ContainsAny(v.Name, "/?#%. "), "providers[%d].name: must be one segment of a URL", i)
		p.check(v.Name != "callback" && v.Name != "token", "providers[%d].name: must not be callback or token, whose URLs are taken", i)
		p.check(!seen[v.Name], "providers[%d].name: stands twice", i)
		seen[v.Name] = true
		v.validate(p, i)
	}
	validateCallbacks(p, list)
}

// validateCallbacks sees to it that no provider's answer can pass for another's
// (RFC 9700, section 4.4): an answer at the shared callback says whose it is,
// unless there is one provider alone that need not say so.
func validateCallbacks(p *problems, list []Provider) {
	unnamed := -1
	for i, v := range list {
		if v.OwnCallback || v.RequireIssuer {
			continue
		}
		p.check(unnamed < 0, "providers[%d]: must have ownCallback or requireIssuer, since providers[%d] has the shared callback", i, unnamed)
		unnamed = i
	}
	if unnamed >= 0 && list[unnamed].AnswersBelow() {
		p.check(!slices.ContainsFunc(list, func(v Provider) bool { return v.OwnCallback }),
			"providers[%d]: must have ownCallback, since %s answers below the shared callback too", unnamed, GitHub)
	}
}

// AnswersBelow reports whether the provider may send an answer to every address
// below the one that is registered there, as GitHub does. While that is the
// shared callback, its answers reach the callbacks of all the others.
func (v Provider) AnswersBelow() bool { return v.Type == GitHub }

func (v Provider) validate(p *problems, i int) {
	switch v.Type {
	case Google, GitHub, Microsoft, GitLab:
	case OIDC:
		p.check(isHTTP(v.Issuer), "providers[%d].issuer: must be a URL", i)
	case OAuth2:
		p.check(v.Endpoints != nil, "providers[%d].endpoints: %s needs them", i, OAuth2)
	default:
		p.check(false, "providers[%d].type: is not known", i)
	}
	if v.Type == GitHub || v.Type == OAuth2 {
		p.check(v.Issuer == "" && !v.RequireIssuer, "providers[%d]: %s has no issuer to state or to require", i, v.Type)
	} else {
		p.check(v.Endpoints == nil, "providers[%d].endpoints: must be those of the issuer's own document", i)
	}
	p.check(v.ResponseMode == "" || v.ResponseMode == QueryMode || v.ResponseMode == FormPost,
		"providers[%d].responseMode: must be %s or %s", i, QueryMode, FormPost)
	p.check(v.DisplayName != "", "providers[%d].displayName: must not be empty", i)
	p.check(v.ClientID != "", "providers[%d].clientID: must not be empty", i)
	if v.Groups != nil {
		v.Groups.validate(p, i)
	}
	if e := v.Endpoints; e != nil {
		p.check(isHTTP(e.Authorization) && isHTTP(e.Token) && isHTTP(e.UserInfo), "providers[%d].endpoints: must be URLs", i)
	}
}
