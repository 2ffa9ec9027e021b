// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"
)

// registered is what every provider needs besides its type.
const registered = "realmRef: {name: realm}\nclientID: an-id\nclientSecretRef: {name: a-secret}\n"

func TestProvidersThatAreAccepted(t *testing.T) {
	t.Parallel()
	const endpoints = "{authorization: https://sso.example.com/authorize, token: https://sso.example.com/token, userInfo: https://sso.example.com/me}"
	for name, spec := range map[string]string{
		"Google":                      "type: Google",
		"GitHub":                      "type: GitHub",
		"GitHub Enterprise":           "type: GitHub\nendpoints: " + endpoints,
		"a tenant of Microsoft's":     "type: Microsoft\nissuer: https://login.microsoftonline.com/9f1c6a52-0000-4000-8000-000000000000/v2.0",
		"GitLab":                      "type: GitLab",
		"a GitLab of one's own":       "type: GitLab\nissuer: https://gitlab.example.com",
		"an issuer":                   "type: OIDC\nissuer: https://dex.example.com/dex",
		"an issuer in the cluster":    "type: OIDC\nissuer: http://dex.dex.svc:5556/dex\nallowPrivateNetworks: true",
		"an OAuth 2.0 server":         "type: OAuth2\nendpoints: " + endpoints,
		"an OAuth 2.0 server near by": "type: OAuth2\nallowPrivateNetworks: true\nendpoints: {authorization: https://sso.example.com, token: 'http://sso.svc/token', userInfo: 'http://sso.svc/me'}",
		"a secret's key":              "type: Google\nclientSecretRef: {name: s, key: client_secret}",
		"everything about people":     "type: Google\ndisplayName: Google Workspace\nallowedEmailDomains: [example.com, mail.example.co.uk, xn--bcher-kva.example]\nsignUp: false\nlinking: {byEmail: true}\ntrustEmail: true",
		"groups":                      "type: OIDC\nissuer: https://a.example\ngroups: {allow: [platform-admins]}",
		"groups of other words":       "type: OIDC\nissuer: https://a.example\ngroups: {claim: roles, allow: [/ops/on call, 'Büro (2)', 'cn=dev'], prefix: 'corp: '}",
		"a group as long as can be":   "type: Google\ngroups: {allow: [" + strings.Repeat("a", 123) + "], prefix: 'corp:'}",
		"a group system: with prefix": "type: Google\ngroups: {allow: ['system:masters'], prefix: 'corp:'}",
		"a callback of its own":       "type: GitHub\ncallback: PerProvider",
		"the shared callback":         "type: Google\ncallback: Shared",
		"Apple":                       "type: OIDC\nissuer: https://appleid.apple.com\nscopes: [openid, name, email]\nresponseMode: FormPost",
		"an answer in the query":      "type: Google\nresponseMode: Query",
		"scopes and claims of one's own": "type: OIDC\nissuer: https://a.example\nscopes: [openid, 'https://www.googleapis.com/auth/userinfo.email', 'read:user', 'a]b']\n" +
			"claims: {subject: oid, email: upn, emailVerified: verified, name: display_name}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := submit(t, "OAuthProvider", "provider", with(registered, spec)); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// with is a spec in which the lines of another replace those of the same field.
func with(spec, lines string) string {
	out := lines + "\n"
	for line := range strings.Lines(spec) {
		field, _, _ := strings.Cut(line, ":")
		if !strings.HasPrefix(lines, field+":") && !strings.Contains(lines, "\n"+field+":") {
			out += line
		}
	}
	return out
}

func TestProvidersThatAreRefusedInTheUsersWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ spec, says string }{
		"no realm":                         {"realmRef: {}\ntype: Google", "realmRef.name: Required value"},
		"no type":                          {"displayName: x", "type: Required value"},
		"an unknown type":                  {"type: Facebook", "spec.type"},
		"no client":                        {`clientID: ""` + "\ntype: Google", "clientID"},
		"a client with a line break":       {`clientID: "id\n"` + "\ntype: Google", "clientID may hold no spaces and no line breaks"},
		"a secret of a vault":              {"clientSecretRef: {name: vault/google}\ntype: Google", "name must be the name of a Secret"},
		"a secret in capitals":             {"clientSecretRef: {name: Google}\ntype: Google", "name must be the name of a Secret"},
		"a secret whose key is a folder":   {"clientSecretRef: {name: google, key: .}\ntype: Google", "key must not be '.'"},
		"a realm of no name":               {"realmRef: {name: my.realm}\ntype: Google", "name must be the name of an AuthRealm"},
		"no secret":                        {"clientSecretRef: {}\ntype: Google", "clientSecretRef.name: Required value"},
		"a secret in the spec":             {"clientSecret: hunter2\ntype: Google", "unknown field"},
		"OIDC without an issuer":           {"type: OIDC", "type OIDC needs issuer"},
		"an issuer of Google's":            {"type: Google\nissuer: https://accounts.google.com", "issuer is for the types OIDC, Microsoft"},
		"an issuer of an OAuth 2.0 server": {"type: OAuth2\nissuer: https://a.example\nendpoints: {authorization: https://a.example, token: https://a.example, userInfo: https://a.example}", "issuer is for the types"},
		"OAuth2 without endpoints":         {"type: OAuth2", "type OAuth2 needs endpoints"},
		"half the endpoints":               {"type: OAuth2\nendpoints: {authorization: https://a.example, token: https://a.example}", "userInfo: Required value"},
		"endpoints of an issuer":           {"type: OIDC\nissuer: https://a.example\nendpoints: {authorization: https://a.example, token: https://a.example, userInfo: https://a.example}", "endpoints are for the types OAuth2 and GitHub"},
		"a plain issuer":                   {"type: OIDC\nissuer: http://sso.example.com", "issuer and endpoints must be https:// URLs"},
		"a plain endpoint":                 {"type: OAuth2\nendpoints: {authorization: https://a.example, token: 'http://a.example', userInfo: https://a.example}", "issuer and endpoints must be https:// URLs"},
		"an issuer that is no URL":         {"type: OIDC\nissuer: sso.example.com", "must be an https:// URL"},
		"an issuer without a host":         {"type: OIDC\nissuer: https:///dex", "must be a URL with a host"},
		"an issuer with a query":           {"type: OIDC\nissuer: https://a.example?x=y", "issuer must have no query"},
		"an issuer with a password":        {"type: OIDC\nissuer: https://me:pw@a.example", "must have no user or password"},
		"scopes in one word":               {"type: Google\nscopes: [openid email]", "each scope is a word of its own"},
		"a scope in quotes":                {`type: Google` + "\n" + `scopes: ['"openid"']`, "each scope is a word of its own"},
		"no scope in a list of them":       {"type: Google\nscopes: []", "scopes"},
		"a domain with an at":              {"type: Google\nallowedEmailDomains: ['@example.com']", "must be a domain in lower case"},
		"a domain with a star":             {"type: Google\nallowedEmailDomains: ['*.example.com']", "must be a domain in lower case"},
		"a domain in capitals":             {"type: Google\nallowedEmailDomains: [Example.com]", "must be a domain in lower case"},
		"a domain with a folding letter":   {"type: Google\nallowedEmailDomains: ['\u0130nternal.example']", "must be a domain in lower case"},
		"a domain in U-labels":             {"type: Google\nallowedEmailDomains: [bücher.example]", "in its form with xn--"},
		"an IP address for a domain":       {"type: Google\nallowedEmailDomains: [192.0.2.7]", "must be a domain in lower case"},
		"a label that is too long":         {"type: Google\nallowedEmailDomains: [" + strings.Repeat("a", 64) + ".example]", "must be a domain in lower case"},
		"a domain twice":                   {"type: Google\nallowedEmailDomains: [a.example, a.example]", "Duplicate value"},
		"a name of two lines":              {`displayName: "a\nb"` + "\ntype: Google", "displayName must be a name on one line"},
		"a callback that is a URL":         {"type: Google\ncallback: https://a.example/callback", "supported values: \"PerProvider\", \"Shared\""},
		"an answer of no kind":             {"type: Google\nresponseMode: form_post", "supported values: \"Query\", \"FormPost\""},
		"a callback of no kind":            {"type: Google\ncallback: own", "supported values: \"PerProvider\", \"Shared\""},
		"groups of nobody":                 {"type: Google\ngroups: {allow: []}", "groups.allow"},
		"groups without a list":            {"type: Google\ngroups: {claim: roles}", "groups.allow: Required value"},
		"a group twice":                    {"type: Google\ngroups: {allow: [a, a]}", "Duplicate value"},
		"a group of no name":               {`type: Google` + "\n" + `groups: {allow: [""]}`, "groups.allow"},
		"groups in one word":               {"type: Google\ngroups: {allow: ['a,b']}", "each group must be a name without commas"},
		"a group of two lines":             {`type: Google` + "\n" + `groups: {allow: ["a\nb"]}`, "each group must be a name without commas and line breaks"},
		"a group behind a space":           {"type: Google\ngroups: {allow: [' a']}", "without spaces around it"},
		"a group that looks like another":  {`type: Google` + "\n" + `groups: {allow: ["a\u200b"]}`, "each group must be a name"},
		"a group of Kubernetes":            {"type: Google\ngroups: {allow: ['system:masters']}", "a group of the realm cannot begin with system:"},
		"a group of Kubernetes in halves":  {"type: Google\ngroups: {allow: ['tem:masters'], prefix: sys}", "a group of the realm cannot begin with system:"},
		"a group that is too long":         {"type: Google\ngroups: {allow: [" + strings.Repeat("ü", 65) + "]}", "at most 128 bytes"},
		"a prefix with a comma":            {"type: Google\ngroups: {allow: [a], prefix: 'b,'}", "prefix must be the beginning of a name"},
		"linking that says nothing":        {"type: Google\nlinking: {}", "linking"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "OAuthProvider", "provider", with(registered, c.spec)), c.says)
		})
	}
}

func TestProviderNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ provider, says string }{
		"the callback":            {"callback", "cannot be called callback or token"},
		"the exchange":            {"token", "cannot be called callback or token"},
		"a name with a dot":       {"my.provider", "since it stands in URLs"},
		"a name of 41 characters": {strings.Repeat("a", 41), "at most 40 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "OAuthProvider", c.provider, registered+"type: Google"), c.says)
		})
	}
}
