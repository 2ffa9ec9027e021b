// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"
)

// web is what every client of people needs.
const web = "realmRef: {name: realm}\nredirectURIs: ['https://app.example.com/callback']\n"

// rsaKey is of 2048 bits.
var rsaKey = "{kty: RSA, kid: one, use: sig, alg: RS256, e: AQAB, \"n\": " + strings.Repeat("z", 342) + "}"

func TestClientsThatAreAccepted(t *testing.T) {
	t.Parallel()
	const machine = "grantTypes: [ClientCredentials]\nredirectURIs: null"
	for name, spec := range map[string]string{
		"the least":                 "",
		"a realm elsewhere":         "realmRef: {name: realm, namespace: identity}",
		"a page":                    "type: Public\ntokenEndpointAuthMethod: None",
		"a page that says no more":  "type: Public",
		"a native app":              "type: Public\nredirectURIs: ['com.example.app:/callback', 'com.example.app://callback', 'http://127.0.0.1/callback', 'http://[::1]/', 'http://localhost:8000/x?y=z']",
		"a service":                 machine,
		"a device":                  "type: Public\ngrantTypes: [DeviceCode]\nredirectURIs: null",
		"a device that goes on":     "type: Public\ngrantTypes: [DeviceCode, RefreshToken]\nredirectURIs: null",
		"every grant":               "grantTypes: [AuthorizationCode, RefreshToken, ClientCredentials, DeviceCode]",
		"a service with its keys":   machine + "\ntokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [" + rsaKey + "]}",
		"keys at a URL":             "tokenEndpointAuthMethod: PrivateKeyJWT\njwksURI: https://app.example.com/jwks.json",
		"keys of other families":    "tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: EC, crv: P-256, x: a, \"y\": b}, {kty: OKP, crv: Ed25519, x: a}]}",
		"a secret in a form":        "tokenEndpointAuthMethod: ClientSecretPost",
		"a developer's machine":     "redirectURIs: ['http://localhost:3000/callback']",
		"all that can be said":      "displayName: Bücher\nscopes: [openid, groups, offline_access, 'https://example.com/x', 'a]b']\naudiences: ['https://api.example.com', shop]\nidTokenSigningAlg: ES256\naccessTokenLifetime: 15m\nidTokenLifetime: 24h\nrefreshTokenLifetime: 8760h\npushedAuthorizationRequests: Required\ndpop: Required\npersonalAccessTokens: Allowed\ndefaultACRValues: [\"2\", \"1\"]\ndefaultMaxAge: 8760h\nconsent: Ask\naccess: {groups: [staff, 'Domain Users']}",
		"signing out":               "postLogoutRedirectURIs: ['https://app.example.com/bye']\nbackchannelLogoutURI: http://app.shop.svc/logout",
		"a Secret of another name":  "secret: {name: grafana-oauth}",
		"keys of a chart":           "secret: {keys: {OAUTH2_PROXY_CLIENT_ID: $(client-id), config.ini: \"secret=$(client-secret)\\nurl=$(issuer)/x $HOME\"}}",
		"labels and annotations":    "secret: {labels: {app.kubernetes.io/part-of: argocd, team: Shop-1, example.com/empty: ''}, annotations: {reloader.stakater.com/match: 'true'}}",
		"rotation":                  "secret: {rotation: {interval: 2160h, overlap: 48h}, rotateAfter: '2026-11-22T10:00:00Z'}",
		"rotation without overlap":  "secret: {rotation: {interval: 1h, overlap: 0s}}",
		"an overlap by itself":      "secret: {rotation: {overlap: 8760h}}",
		"workloads":                 machine + "\nserviceAccounts: [{namespace: shop, name: orders}, {cluster: staging, namespace: other, name: orders.v2}]",
		"workloads of an app":       "grantTypes: [AuthorizationCode, TokenExchange]\nserviceAccounts: [{namespace: shop, name: orders}]",
		"the most workloads":        machine + "\nserviceAccounts: [" + accounts(20) + "]",
		"all that exchanges":        "grantTypes: [AuthorizationCode, RefreshToken, ClientCredentials, TokenExchange]",
		"the most redirect URIs":    "redirectURIs: [" + numbered("https://app.example.com/%d", 50) + "]",
		"a redirect URI's path":     "redirectURIs: ['https://app.example.com:8443/a/b%20c?x=y&z', 'https://192.0.2.7/', 'https://[2001:db8::1]/', 'https://xn--bcher-kva.example']",
		"a query that is no answer": "redirectURIs: ['https://app.example.com/?encode=1&states=2']",
		"a resource":                resource("https://mcp.example.com/mcp"),
		"a resource of a host":      resource("https://mcp.example.com"),
		"a resource at the root":    resource("https://mcp.example.com:8443/"),
		"a resource of a developer": resource("http://localhost:3000/mcp"),
		"a resource of an address":  resource("https://192.0.2.7/a/b%20c/..x"),
		"the longest resource":      resource("https://mcp.example.com/" + strings.Repeat("a", 231)),
		"all of a resource":         "protectedResource: {resource: 'https://mcp.example.com/mcp', scopes: ['mcp:tools', 'mcp:admin'], documentation: 'https://mcp.example.com/docs?x=y#z'}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := submit(t, "OAuthClient", "app", with(web, spec)); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// numbered is a list of texts that differ by a number.
func numbered(format string, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("'"+format+"'", i))
	}
	return strings.Join(all, ", ")
}

// resource is a client's protected resource.
func resource(url string) string { return "protectedResource: {resource: '" + url + "'}" }

// accounts are a list of ServiceAccounts.
func accounts(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("{namespace: shop, name: a%d}", i))
	}
	return strings.Join(all, ", ")
}

func TestClientsThatAreRefusedInTheUsersWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ spec, says string }{
		"no realm":                          {"realmRef: {}", "realmRef.name: Required value"},
		"a realm of no name":                {"realmRef: {name: my.realm}", "name must be the name of an AuthRealm"},
		"a namespace of no name":            {"realmRef: {name: realm, namespace: Identity}", "namespace must be the name of a namespace"},
		"an unknown type":                   {"type: Native", "supported values: \"Confidential\", \"Public\""},
		"a secret of a page":                {"type: Public\nsecret: {name: s}", "secret is for clients that show one"},
		"a page that shows a secret":        {"type: Public\ntokenEndpointAuthMethod: ClientSecretBasic", "tokenEndpointAuthMethod must be None for type Public"},
		"a server that shows nothing":       {"tokenEndpointAuthMethod: None", "tokenEndpointAuthMethod None is for type Public"},
		"a secret beside keys":              {"tokenEndpointAuthMethod: PrivateKeyJWT\njwksURI: https://a.example/jwks\nsecret: {name: s}", "secret is for clients that show one"},
		"a page that acts for itself":       {"type: Public\ngrantTypes: [AuthorizationCode, ClientCredentials]", "ClientCredentials needs type Confidential"},
		"a page that exchanges":             {"type: Public\ngrantTypes: [AuthorizationCode, TokenExchange]", "TokenExchange needs type Confidential"},
		"the account of every pod":          {"serviceAccounts: [{namespace: shop, name: default}]", "name must not be default, the ServiceAccount of every pod"},
		"an account of no namespace":        {"serviceAccounts: [{name: orders}]", "namespace: Required value"},
		"an account of no name":             {"serviceAccounts: [{namespace: shop}]", "name: Required value"},
		"an account by its user name":       {"serviceAccounts: [{namespace: shop, name: 'system:serviceaccount:shop:orders'}]", "name must be the name of a ServiceAccount"},
		"an account of every namespace":     {"serviceAccounts: [{namespace: '*', name: orders}]", "namespace must be the name of a namespace"},
		"an account of a cluster at a URL":  {"serviceAccounts: [{cluster: 'https://k', namespace: shop, name: orders}]", "cluster must be the name of a cluster in the realm's spec.clients.clusters"},
		"an account twice":                  {"serviceAccounts: [{namespace: shop, name: orders}, {namespace: shop, name: orders}]", "serviceAccounts must name each account once"},
		"no accounts":                       {"serviceAccounts: []", "serviceAccounts"},
		"more accounts than there may be":   {"serviceAccounts: [" + accounts(21) + "]", "Too many"},
		"accounts of a page":                {"type: Public\nserviceAccounts: [{namespace: shop, name: orders}]", "serviceAccounts are for type Confidential"},
		"accounts that show a secret":       {"tokenEndpointAuthMethod: ClientSecretBasic\nserviceAccounts: [{namespace: shop, name: orders}]", "leave tokenEndpointAuthMethod out"},
		"accounts beside keys":              {"tokenEndpointAuthMethod: PrivateKeyJWT\njwksURI: https://a.example/jwks\nserviceAccounts: [{namespace: shop, name: orders}]", "leave tokenEndpointAuthMethod out"},
		"accounts with a Secret":            {"secret: {name: s}\nserviceAccounts: [{namespace: shop, name: orders}]", "serviceAccounts need no secret"},
		"only refreshing":                   {"grantTypes: [RefreshToken]", "RefreshToken needs AuthorizationCode or DeviceCode"},
		"a device and a browser, nowhere":   {"redirectURIs: null\ngrantTypes: [AuthorizationCode, DeviceCode]", "redirectURIs must name at least one URL"},
		"no grants":                         {"grantTypes: []", "grantTypes"},
		"a grant in the protocol's words":   {"grantTypes: [authorization_code]", "supported values"},
		"nowhere to send people":            {"redirectURIs: null", "redirectURIs must name at least one URL"},
		"nowhere to send them, said":        {"redirectURIs: null\ngrantTypes: [AuthorizationCode]", "redirectURIs must name at least one URL"},
		"an app's scheme of a server":       {"redirectURIs: ['com.example.app:/callback']", "with a scheme of an app's own are for type Public"},
		"signing out to an app":             {"postLogoutRedirectURIs: ['com.example.app:/bye']", "with a scheme of an app's own are for type Public"},
		"a scheme without a dot":            {"type: Public\nredirectURIs: ['myapp:/callback']", "a scheme of an app's own must have a dot"},
		"a script":                          {"type: Public\nredirectURIs: ['javascript:alert(1)']", "must be an https:// URL"},
		"a script with a dot":               {"type: Public\nredirectURIs: ['java.script:alert(1)']", "must be an https:// URL"},
		"a plain URL":                       {"redirectURIs: ['http://app.example.com/callback']", "must be an https:// URL"},
		"a host that begins like localhost": {"redirectURIs: ['http://localhost.example.com/']", "must be an https:// URL"},
		"a wildcard":                        {"redirectURIs: ['https://*.example.com/callback']", "compared letter by letter; * stands for nothing"},
		"a wildcard in the path":            {"redirectURIs: ['https://app.example.com/*']", "compared letter by letter; * stands for nothing"},
		"a fragment":                        {"redirectURIs: ['https://app.example.com/#x']", "must have no fragment"},
		"a user":                            {"redirectURIs: ['https://app.example.com@evil.example/']", "must have no user or password"},
		"a user of an app's scheme":         {"type: Public\nredirectURIs: ['com.example.app://user@host']", "must have no user or password"},
		"a space":                           {"redirectURIs: ['https://app.example.com/a b']", "must be a URL in ASCII without spaces"},
		"a backslash":                       {`redirectURIs: ['https://app.example.com\evil.example']`, "must be a URL in ASCII without spaces"},
		"other letters":                     {"redirectURIs: ['https://bücher.example/']", "must be a URL in ASCII"},
		"no host":                           {"redirectURIs: ['https:///callback']", "must have a host"},
		"a port too high":                   {"redirectURIs: ['https://app.example.com:70000/']", "must have a port of 1 to 65535"},
		"half an escape":                    {"redirectURIs: ['https://app.example.com/%2']", "must have two hex digits behind each %"},
		"an answer's parameter":             {"redirectURIs: ['https://app.example.com/?x=1&code=2']", "must not have the parameters code, state, iss or error"},
		"an app's scheme with slashes":      {"type: Public\nredirectURIs: ['com.example.app:///callback x']", "must be a URL in ASCII"},
		"too many redirect URIs":            {"redirectURIs: [" + numbered("https://app.example.com/%d", 51) + "]", "Too many"},
		"one twice":                         {"redirectURIs: ['https://a.example', 'https://a.example']", "Duplicate value"},
		"a redirect URI without an end":     {"redirectURIs: ['https://a.example/" + strings.Repeat("a", 1024) + "']", "Too long"},
		"a name of two lines":               {`displayName: "a\nb"`, "displayName must be a name on one line"},
		"a name too long":                   {"displayName: " + strings.Repeat("a", 101), "displayName"},
		"two scopes in one":                 {"scopes: ['openid profile']", "each scope is a word of its own"},
		"a scope with a backslash":          {`scopes: ['a\b']`, "each scope is a word of its own"},
		"an audience with a space":          {"audiences: ['a b']", "each audience is a name or a URL"},
		"keys and where they are":           {"tokenEndpointAuthMethod: PrivateKeyJWT\njwksURI: https://a.example/jwks\njwks: {keys: [" + rsaKey + "]}", "PrivateKeyJWT needs jwks"},
		"no keys":                           {"tokenEndpointAuthMethod: PrivateKeyJWT", "PrivateKeyJWT needs jwks"},
		"keys of a client with a secret":    {"jwksURI: https://a.example/jwks", "jwks and jwksURI are for tokenEndpointAuthMethod PrivateKeyJWT"},
		"keys at a plain URL":               {"tokenEndpointAuthMethod: PrivateKeyJWT\njwksURI: http://a.example/jwks", "jwksURI must be an https:// URL"},
		"a private key":                     {"tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: OKP, crv: Ed25519, x: a, d: b}]}", "unknown field"},
		"a secret for a key":                {"tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: oct}]}", "supported values: \"RSA\", \"EC\", \"OKP\""},
		"half an RSA key":                   {"tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: RSA, \"n\": a}]}", "a key of kty RSA needs n and e"},
		"an unknown curve":                  {"tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: EC, crv: P-257, x: a, \"y\": b}]}", "crv"},
		"half a point":                      {"tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: EC, crv: P-256, x: a}]}", "a key of kty EC needs crv"},
		"an Edwards key of another curve":   {"tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: OKP, crv: P-256, x: a}]}", "a key of kty OKP needs crv Ed25519"},
		"a number that is none":             {"tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: OKP, crv: Ed25519, x: 'a='}]}", "must be a number in base64url"},
		"a logout of a page without TLS":    {"type: Public\nbackchannelLogoutURI: http://a.example/logout", "backchannelLogoutURI must be an https:// URL for type Public"},
		"a lifetime in days":                {"accessTokenLifetime: 1d", "accessTokenLifetime must be a duration such as 15m or 1h"},
		"a lifetime too long":               {"idTokenLifetime: 25h", "idTokenLifetime must be 1m to 24h"},
		"an unknown algorithm":              {"idTokenSigningAlg: none", "supported values"},
		"no group":                          {"access: {groups: []}", "groups"},
		"a group of two lines":              {`access: {groups: ["a\nb"]}`, "each group is a name on one line"},
		"a secret that says nothing":        {"secret: {}", "secret"},
		"a secret of a vault":               {"secret: {name: vault/app}", "name must be the name of a Secret"},
		"a key that is always there":        {"secret: {keys: {client-id: x}}", "keys must not name client-id, client-secret or issuer"},
		"a key that is a folder":            {"secret: {keys: {..data: x}}", "not begin with '..'"},
		"a key with a slash":                {"secret: {keys: {a/b: x}}", "keys may be called by letters"},
		"a value of something else":         {"secret: {keys: {x: $(password)}}", "keys may use $(client-id)"},
		"a value that is nested":            {"secret: {keys: {x: '$($(issuer)client-id)'}}", "keys may use $(client-id)"},
		"a label of the operator's own":     {"secret: {labels: {auth.realmkeeper.io/realm: staff}}", "labels of kubernetes.io, k8s.io and realmkeeper.io"},
		"a label that says whose it is":     {"secret: {labels: {app.kubernetes.io/name: realmkeeper}}", "labels of kubernetes.io, k8s.io and realmkeeper.io"},
		"a label of Kubernetes":             {"secret: {labels: {kubernetes.io/x: z}}", "labels of kubernetes.io, k8s.io and realmkeeper.io"},
		"a label of a part of it":           {"secret: {labels: {node.k8s.io/x: z}}", "labels of kubernetes.io, k8s.io and realmkeeper.io"},
		"a label of no name":                {"secret: {labels: {'a b': c}}", "labels are named like"},
		"a label of no value":               {"secret: {labels: {a: 'b c'}}", "the value of a label"},
		"no labels":                         {"secret: {labels: {}}", "labels"},
		"an annotation of Kubernetes":       {"secret: {annotations: {kubectl.kubernetes.io/last-applied-configuration: z}}", "annotations of kubernetes.io"},
		"an annotation of the operator's":   {"secret: {annotations: {Auth.RealmKeeper.io/x: z}}", "annotations of kubernetes.io"},
		"an annotation of no name":          {"secret: {annotations: {/x: z}}", "annotations are named like"},
		"an overlap as long as the life":    {"secret: {rotation: {interval: 24h}}", "overlap (24h when absent) must be shorter than interval"},
		"an overlap longer than that":       {"secret: {rotation: {interval: 2h, overlap: 3h}}", "overlap (24h when absent) must be shorter than interval"},
		"rotation every minute":             {"secret: {rotation: {interval: 1m, overlap: 0s}}", "interval must be 1h to 87600h"},
		"rotation in words":                 {"secret: {rotation: {interval: weekly}}", "interval must be a duration such as 2160h"},
		"no resource":                       {"protectedResource: {scopes: [a]}", "protectedResource.resource: Required value"},
		"a resource in plain":               {resource("http://mcp.example.com/mcp"), "resource must be an https:// URL such as https://mcp.example.com/mcp"},
		"a resource by a name":              {resource("mcp"), "resource must be an https:// URL"},
		"a resource with a fragment":        {resource("https://mcp.example.com/mcp#"), "resource must have no fragment"},
		"a resource with a query":           {resource("https://mcp.example.com/mcp?x=y"), "resource must have no query"},
		"a resource of all hosts":           {resource("https://*.example.com/mcp"), "resource must be one URL, compared letter by letter"},
		"a resource with a user":            {resource("https://user@mcp.example.com/mcp"), "resource must have no user or password"},
		"a resource with half an escape":    {resource("https://mcp.example.com/%2"), "resource must have two hex digits behind each %"},
		"a resource with a space":           {resource("https://mcp.example.com/a b"), "resource must be a URL in ASCII without spaces"},
		"a resource of no host":             {resource("https:///mcp"), "resource must have a host in lower case"},
		"a resource in capitals":            {resource("https://MCP.example.com/mcp"), "resource must have a host in lower case"},
		"a resource with a port for all":    {resource("https://mcp.example.com:443/mcp"), "resource must leave out the port that goes without saying"},
		"a resource with a port too high":   {resource("https://mcp.example.com:70000/mcp"), "resource must have a port of 1 to 65535"},
		"a resource above another":          {resource("https://mcp.example.com/a/../b"), "resource must have a path without .., // or ;"},
		"a resource with a slash too many":  {resource("https://mcp.example.com//mcp"), "resource must have a path without .., // or ;"},
		"a resource in disguise":            {resource("https://mcp.example.com/a%2Fb"), "resource must have a path without .., // or ;"},
		"a resource too long":               {resource("https://mcp.example.com/" + strings.Repeat("a", 232)), "Too long"},
		"a resource's scopes in one":        {"protectedResource: {resource: 'https://a.example', scopes: ['a b']}", "each scope is a word of its own"},
		"no scopes of a resource":           {"protectedResource: {resource: 'https://a.example', scopes: []}", "scopes"},
		"documentation by a script":         {"protectedResource: {resource: 'https://a.example', documentation: 'javascript:alert(1)'}", "must be an https:// URL; http:// is for localhost alone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "OAuthClient", "app", with(web, c.spec)), c.says)
		})
	}
}

func TestClientNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	wantRefusal(t, submit(t, "OAuthClient", strings.Repeat("a", 64), web), "at most 63 characters")
	if err := submit(t, "OAuthClient", "grafana.main", web); err != nil {
		t.Errorf("refused: %v", err)
	}
}

func TestWhatARealmSaysOfClients(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ clients, says string }{
		"its own namespace":              {"{allowedNamespaces: Same}", ""},
		"all namespaces":                 {"{allowedNamespaces: All}", ""},
		"some namespaces":                {"{allowedNamespaces: Selector, namespaceSelector: {matchLabels: {team: shop}}}", ""},
		"audiences":                      {"{audiences: ['https://api.example.com', shop], allowPrivateNetworks: true}", ""},
		"another cluster":                {"{clusters: [{name: staging, issuer: 'https://kubernetes.default.svc.cluster.local', jwks: {keys: [" + rsaKey + "]}}]}", ""},
		"clusters with one issuer":       {"{clusters: [{name: a, issuer: 'https://k8s.example.com:6443/', jwksURI: 'https://a.example.com/jwks'}, {name: b, issuer: 'https://k8s.example.com:6443/', jwksURI: 'https://b.example.com/jwks'}]}", ""},
		"hosts of documents":             {"{metadataDocuments: {hosts: [app.example.com, '*.example.com', 'localhost:8443', '*.a-b.example.com', 'a.example:65535']}}", ""},
		"initial access tokens":          {"{registration: {initialAccessTokens: {name: agents}, expiresAfter: 8760h}}", ""},
		"documents of no host":           {"{metadataDocuments: {hosts: []}}", "hosts"},
		"documents of every host":        {"{metadataDocuments: {hosts: ['*']}}", "each host is a name in lower case"},
		"documents of a whole domain":    {"{metadataDocuments: {hosts: ['*.com']}}", "each host is a name in lower case"},
		"documents at a URL":             {"{metadataDocuments: {hosts: ['https://app.example.com']}}", "each host is a name in lower case without https://"},
		"documents in capitals":          {"{metadataDocuments: {hosts: [App.example.com]}}", "each host is a name in lower case"},
		"documents at an address":        {"{metadataDocuments: {hosts: ['192.0.2.7']}}", "each host is a name in lower case"},
		"documents at the usual port":    {"{metadataDocuments: {hosts: ['app.example.com:443']}}", "none for 443"},
		"documents at no port":           {"{metadataDocuments: {hosts: ['app.example.com:65536']}}", "each host has a port of 1 to 65535"},
		"registration of everybody":      {"{registration: {expiresAfter: 1h}}", "initialAccessTokens"},
		"registration for a moment":      {"{registration: {initialAccessTokens: {name: agents}, expiresAfter: 59m}}", "expiresAfter"},
		"tokens of no Secret":            {"{registration: {initialAccessTokens: {name: Agents}}}", "name must be the name of a Secret"},
		"a cluster twice":                {"{clusters: [{name: a, issuer: 'https://k', jwksURI: 'https://a'}, {name: a, issuer: 'https://k', jwksURI: 'https://a'}]}", "Duplicate value"},
		"a cluster without keys":         {"{clusters: [{name: a, issuer: 'https://k'}]}", "a cluster needs jwks, its public keys, or jwksURI"},
		"a cluster with keys twice":      {"{clusters: [{name: a, issuer: 'https://k', jwksURI: 'https://a', jwks: {keys: [" + rsaKey + "]}}]}", "a cluster needs jwks, its public keys, or jwksURI"},
		"a cluster with a plain issuer":  {"{clusters: [{name: a, issuer: 'http://k', jwksURI: 'https://a'}]}", "issuer must be an https:// URL, as the cluster's tokens say it"},
		"a cluster with keys in plain":   {"{clusters: [{name: a, issuer: 'https://k', jwksURI: 'http://a'}]}", "jwksURI must be an https:// URL"},
		"a cluster of no name":           {"{clusters: [{issuer: 'https://k', jwksURI: 'https://a'}]}", "name: Required value"},
		"a cluster in capitals":          {"{clusters: [{name: Staging, issuer: 'https://k', jwksURI: 'https://a'}]}", "name must be lower-case letters"},
		"nothing":                        {"{}", "clients"},
		"some namespaces, and not which": {"{allowedNamespaces: Selector}", "namespaceSelector goes with allowedNamespaces: Selector"},
		"a selector for nothing":         {"{allowedNamespaces: All, namespaceSelector: {}}", "namespaceSelector goes with allowedNamespaces: Selector"},
		"a selector without a word":      {"{namespaceSelector: {}}", "namespaceSelector goes with allowedNamespaces: Selector"},
		"a list of namespaces":           {"{allowedNamespaces: [shop]}", "allowedNamespaces"},
		"the realm itself":               {"{audiences: ['https://login.example.com']}", "clients.audiences must not name the issuer"},
		"an audience of two words":       {"{audiences: ['a b']}", "each audience is a name or a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := submit(t, "AuthRealm", "realm", issuer+"clients: "+c.clients)
			if c.says != "" {
				wantRefusal(t, err, c.says)
			} else if err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}
