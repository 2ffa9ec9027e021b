// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The scopes of OpenID Connect Core 1.0, sections 5.4 and 11, and of groups.
const (
	openidScope  = "openid"
	profileScope = "profile"
	emailScope   = "email"
	groupsScope  = "groups"
	offlineScope = "offline_access"
)

// claimsOfScope are the claims about a user that a scope stands for.
func claimsOfScope(scope string) []string {
	switch scope {
	case profileScope:
		return []string{"name", "locale"}
	case emailScope:
		return []string{"email", "email_verified"}
	case groupsScope:
		return []string{"groups"}
	default:
		return nil
	}
}

// userScopes are those that stand for claims about a user.
func userScopes() []string { return []string{profileScope, emailScope, groupsScope} }

// claimsRequest is the claims parameter (OpenID Connect Core 1.0, section 5.5), as far as
// it says anything to the realm.
type claimsRequest struct {
	// IDToken and UserInfo are names of claims.
	IDToken  []string `json:"id_token,omitempty"`
	UserInfo []string `json:"userinfo,omitempty"`
	// Subject is who it must be; empty for whoever it is. ACR is what must be reached at
	// least one of; empty for nothing. Neither is kept.
	Subject string   `json:"-"`
	ACR     []string `json:"-"`
}

// requestedClaim is what a client says of one claim.
type requestedClaim struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// texts are those of the wanted values that are texts.
func (c *requestedClaim) texts() []string {
	list := []string{}
	if c == nil {
		return list
	}
	for _, raw := range append([]json.RawMessage{c.Value}, c.Values...) {
		text := ""
		if json.Unmarshal(raw, &text) == nil && text != "" {
			list = append(list, text)
		}
	}
	return list
}

// parseClaims refuses with InvalidRequest what is no such document.
func parseClaims(text string) (claimsRequest, error) {
	if text == "" {
		return claimsRequest{}, nil
	}
	document := struct {
		IDToken  map[string]*requestedClaim `json:"id_token"`
		UserInfo map[string]*requestedClaim `json:"userinfo"`
	}{}
	if json.Unmarshal([]byte(text), &document) != nil || !bytes.HasPrefix(bytes.TrimSpace([]byte(text)), []byte("{")) {
		return claimsRequest{}, refuse(InvalidRequest, "claims must be an object of JSON with the members id_token and userinfo.")
	}
	request := claimsRequest{IDToken: knownClaims(document.IDToken), UserInfo: knownClaims(document.UserInfo)}
	for _, members := range []map[string]*requestedClaim{document.IDToken, document.UserInfo} {
		if subjects := members["sub"].texts(); len(subjects) > 0 {
			request.Subject = subjects[0]
		}
	}
	if acr := document.IDToken["acr"]; acr != nil && acr.Essential {
		request.ACR = acr.texts()
	}
	return request, nil
}

// knownClaims are the names of claims about a user that there are, in order.
func knownClaims(asked map[string]*requestedClaim) []string {
	names := []string{}
	for _, scope := range userScopes() {
		for _, claim := range claimsOfScope(scope) {
			if _, found := asked[claim]; found {
				names = append(names, claim)
			}
		}
	}
	return names
}

// within leaves out the claims that no scope of the client stands for: what it may not ask
// for in one way, it may not in another.
func (c claimsRequest) within(client realmconfig.Client) claimsRequest {
	foreign := func(claim string) bool {
		return !slices.ContainsFunc(client.Scopes, func(scope string) bool { return slices.Contains(claimsOfScope(scope), claim) })
	}
	c.IDToken = slices.DeleteFunc(slices.Clone(c.IDToken), foreign)
	c.UserInfo = slices.DeleteFunc(slices.Clone(c.UserInfo), foreign)
	return c
}

// encode is the request as a grant keeps it; nil for nothing.
func (c claimsRequest) encode() ([]byte, error) {
	if len(c.IDToken)+len(c.UserInfo) == 0 {
		return nil, nil
	}
	return json.Marshal(c)
}

// claimsOf are claims about a user: those of the scopes, and others by name. A list is
// always one, and what nobody has said is left out (section 5.3.2).
func claimsOf(user auth.User, groups []string, scopes, also []string) map[string]any {
	wanted := slices.Clone(also)
	for _, scope := range scopes {
		wanted = append(wanted, claimsOfScope(scope)...)
	}
	claims := map[string]any{}
	for _, claim := range wanted {
		switch claim {
		case "name":
			setText(claims, claim, user.Name)
		case "locale":
			setText(claims, claim, user.Locale)
		case "email":
			setText(claims, claim, user.Email)
		case "email_verified":
			claims[claim] = user.EmailVerifiedAt != nil
		case "groups":
			claims[claim] = append([]string{}, groups...)
		}
	}
	return claims
}

func setText(claims map[string]any, name, text string) {
	if text != "" {
		claims[name] = text
	}
}

// wantsGroups reports whether somebody has to be asked for a user's groups.
func wantsGroups(scopes, also []string) bool {
	return slices.Contains(scopes, groupsScope) || slices.Contains(also, "groups")
}
