// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// kubeadmIssuer is that of every cluster which kubeadm has made.
const kubeadmIssuer = "https://kubernetes.default.svc.cluster.local"

// cluster is a Kubernetes cluster that signs tokens of ServiceAccounts.
type cluster struct {
	realmconfig.Cluster
	key realmconfig.Key
}

// newCluster has a name, "" for the one that the operator runs in.
func newCluster(t testing.TB, name string) cluster {
	t.Helper()
	c := cluster{realmconfig.Cluster{Name: name, Issuer: kubeadmIssuer}, realmfolder.NewKey(realmconfig.ES256)}
	c.JWKS = c.keys(t)
	return c
}

// keys are the cluster's public keys.
func (c cluster) keys(t testing.TB) []byte {
	t.Helper()
	set, err := json.Marshal(map[string]any{"keys": []any{publicOf(t, c.key)}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// claims are those of a projected token for the realm, as an API server makes it.
func (c cluster) claims(namespace, name string, now time.Time) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": c.Issuer, "sub": "system:serviceaccount:" + namespace + ":" + name, "aud": []string{issuer}, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{
			"namespace": namespace, "node": map[string]any{"name": "a"}, "pod": map[string]any{"name": "orders-0", "uid": rand.Text()},
			"serviceaccount": map[string]any{"name": name, "uid": rand.Text()},
		},
	}
}

// token is what the kubelet writes into a pod's file, but for changes; nil takes a claim away.
func (c cluster) token(t testing.TB, namespace, name string, now time.Time, changes map[string]any) string {
	t.Helper()
	claims := c.claims(namespace, name, now)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return c.sign(t, claims)
}

func (c cluster) sign(t testing.TB, claims jwt.MapClaims) string {
	t.Helper()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	unsigned.Header["kid"] = c.key.KID
	signed, err := unsigned.SignedString(signerOf(t, c.key))
	if err != nil {
		t.Fatal(err)
	}
	suite.secrets.used(signed)
	return signed
}

// byWorkload lets ServiceAccounts be a client.
func byWorkload(accounts ...realmconfig.ServiceAccount) func(*oauthClient) {
	return func(c *oauthClient) {
		c.TokenEndpointAuthMethod, c.ServiceAccounts = realmconfig.PrivateKeyJWT, accounts
		c.GrantTypes = append(c.GrantTypes, realmconfig.TokenExchangeGrant)
	}
}

// newRealmOfWorkloads knows clusters and clients.
func newRealmOfWorkloads(t *testing.T, clusters []cluster, clients ...oauthClient) *realm {
	t.Helper()
	r := newRealm(t)
	r.Clusters = []realmconfig.Cluster{}
	for _, c := range clusters {
		r.Clusters = append(r.Clusters, c.Cluster)
	}
	r.register(clients...)
	return r
}

// showAs asks for a token with an assertion and a client_id.
func (s *server) showAs(clientID, assertion string) answer {
	s.t.Helper()
	values := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {jwtBearer}, "client_assertion": {assertion}}
	if clientID != "" {
		values.Set("client_id", clientID)
	}
	return s.do(newFormRequest(s.t, tokenPath, values.Encode()))
}

// exchangeAs exchanges the token of a ServiceAccount, which is all that it shows.
func (s *server) exchangeAs(clientID, token string, more url.Values) answer {
	s.t.Helper()
	values := url.Values{
		"grant_type": {string(realmconfig.TokenExchangeGrant)}, "client_id": {clientID},
		"subject_token": {token}, "subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"},
	}
	maps.Copy(values, more)
	return s.do(newFormRequest(s.t, tokenPath, values.Encode()))
}

func ordersAccount() realmconfig.ServiceAccount {
	return realmconfig.ServiceAccount{Namespace: "shop", Name: "orders"}
}

// A pod has no secret: it shows the token that the kubelet has written for it, again and
// again, until there is another.
func TestAWorkloadIsAClientWithoutASecret(t *testing.T) {
	t.Parallel()
	here, staging := newCluster(t, ""), newCluster(t, "staging")
	client := newOAuthClient("web", withAudiences(orders),
		byWorkload(ordersAccount(), realmconfig.ServiceAccount{Cluster: "staging", Namespace: "shop", Name: "orders.v2"}))
	r := newRealmOfWorkloads(t, []cluster{here, staging}, client)
	r.Clock.Stop()
	s, now := r.serve(), r.Clock.Now()
	own := here.token(t, "shop", "orders", now, nil)
	for range 3 {
		got := decode[clientTokens](t, s.showAs(client.ID, own), http.StatusOK)
		suite.secrets.used(got.Access)
		if claims := claimsOf(t, got.Access); claims["sub"] != client.ID || claims["client_id"] != client.ID || claims["act"] != nil {
			t.Errorf("the token says %v", claims)
		}
	}
	// Both clusters have one issuer: by their keys they are told apart.
	for name, a := range map[string]answer{
		"of the other cluster": s.showAs(client.ID, staging.token(t, "shop", "orders.v2", now, nil)),
		"a moment too old":     s.showAs(client.ID, here.token(t, "shop", "orders", now.Add(-time.Hour-29*time.Second), nil)),
		"by a clock ahead":     s.showAs(client.ID, here.token(t, "shop", "orders", now.Add(29*time.Second), nil)),
		"without a jti":        s.showAs(client.ID, here.token(t, "shop", "orders", now, map[string]any{"jti": nil})),
		"for one as a text":    s.showAs(client.ID, here.token(t, "shop", "orders", now, map[string]any{"aud": issuer})),
	} {
		if a.Status != http.StatusOK {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
			continue
		}
		suite.secrets.used(decode[clientTokens](t, a, http.StatusOK).Access)
	}
	if use := s.Report().ClientUse; len(use) != 1 || !use[0].Clients[realmconfig.ClientShard(client.ID)].Has(0) {
		t.Errorf("reported as used: %+v", use)
	}
}

func TestForgedTokensOfWorkloadsAreRefused(t *testing.T) {
	t.Parallel()
	here, staging, foreign := newCluster(t, ""), newCluster(t, "staging"), newCluster(t, "")
	client := newOAuthClient("web", byWorkload(ordersAccount()))
	elsewhere := newOAuthClient("elsewhere", byWorkload(realmconfig.ServiceAccount{Cluster: "gone", Namespace: "shop", Name: "orders"}))
	keyed := newOAuthClient("keyed", byKey)
	r := newRealmOfWorkloads(t, []cluster{here, staging}, client, elsewhere, keyed)
	r.Clock.Stop()
	s, now := r.serve(), r.Clock.Now()
	account := func(changes map[string]any) string { return here.token(t, "shop", "orders", now, changes) }
	kubernetes := func(namespace, name string) map[string]any {
		return map[string]any{"kubernetes.io": map[string]any{"namespace": namespace, "serviceaccount": map[string]any{"name": name}}}
	}
	signed := func(method jwt.SigningMethod, key any, header map[string]any) string {
		unsigned := jwt.NewWithClaims(method, here.claims("shop", "orders", now))
		maps.Copy(unsigned.Header, header)
		token, err := unsigned.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	public, err := x509.MarshalPKIXPublicKey(signerOf(t, here.key).Public())
	if err != nil {
		t.Fatal(err)
	}
	kid := map[string]any{"kid": here.key.KID}
	good := account(nil)
	for name, token := range map[string]string{
		"of another cluster":                      staging.token(t, "shop", "orders", now, nil),
		"of a cluster that nobody declares":       foreign.token(t, "shop", "orders", now, nil),
		"of another namespace":                    here.token(t, "evil", "orders", now, nil),
		"of another account":                      here.token(t, "shop", "web", now, nil),
		"of default":                              here.token(t, "shop", "default", now, nil),
		"of an account whose name goes on":        here.token(t, "shop", "orders:x", now, nil),
		"of a person":                             account(map[string]any{"sub": "system:admin"}),
		"of another issuer":                       account(map[string]any{"iss": "https://evil.example.com"}),
		"of the issuer with a slash":              account(map[string]any{"iss": kubeadmIssuer + "/"}),
		"of no issuer":                            account(map[string]any{"iss": nil}),
		"for the API server":                      account(map[string]any{"aud": []string{kubeadmIssuer}}),
		"for the API server and us":               account(map[string]any{"aud": []string{issuer, kubeadmIssuer}}),
		"for the token endpoint":                  account(map[string]any{"aud": []string{issuer + tokenPath}}),
		"for us twice":                            account(map[string]any{"aud": []string{issuer, issuer}}),
		"for nobody":                              account(map[string]any{"aud": nil}),
		"for an empty list":                       account(map[string]any{"aud": []string{}}),
		"that has expired":                        here.token(t, "shop", "orders", now.Add(-2*time.Hour), nil),
		"that lives for two hours":                account(map[string]any{"exp": now.Add(2 * time.Hour).Unix()}),
		"that has lived for most of two hours":    account(map[string]any{"iat": now.Add(-90 * time.Minute).Unix(), "exp": now.Add(30 * time.Minute).Unix()}),
		"that never ends":                         account(map[string]any{"exp": nil}),
		"that never began":                        account(map[string]any{"iat": nil}),
		"that is yet to begin":                    account(map[string]any{"nbf": now.Add(time.Minute).Unix()}),
		"that is yet to be made":                  here.token(t, "shop", "orders", now.Add(time.Minute), nil),
		"whose namespace is another":              account(kubernetes("evil", "orders")),
		"whose account is another":                account(kubernetes("shop", "web")),
		"that Kubernetes says nothing of":         account(map[string]any{"kubernetes.io": nil}),
		"as Secrets have had them":                account(map[string]any{"kubernetes.io": nil, "kubernetes.io/serviceaccount/namespace": "shop"}),
		"unsigned":                                signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid),
		"HS256 with the public key as PEM":        signed(jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), kid),
		"HS256 with the public key as DER":        signed(jwt.SigningMethodHS256, public, kid),
		"HS256 with the key set":                  signed(jwt.SigningMethodHS256, []byte(here.JWKS), kid),
		"HS256 with no key":                       signed(jwt.SigningMethodHS256, []byte{}, kid),
		"RS256 by a foreign key of the same name": signed(jwt.SigningMethodRS256, signerOf(t, realmfolder.NewKey(realmconfig.RS256)), kid),
		"of a kid that is not known":              signed(jwt.SigningMethodES256, signerOf(t, here.key), map[string]any{"kid": "../../dev/null"}),
		"with its own key in its header":          signed(jwt.SigningMethodES256, signerOf(t, foreign.key), map[string]any{"jwk": publicOf(t, foreign.key)}),
		"with another's signature":                good[:strings.LastIndexByte(good, '.')] + staging.token(t, "shop", "orders", now, nil)[strings.LastIndexByte(good, '.'):],
		"of a megabyte":                           "e30." + strings.Repeat("A", 32<<10) + ".x",
		"of noise":                                "noise, and no token",
		"of a client that signs itself":           keyed.assertion(t, nil),
		"of a client that signs as this one":      keyed.assertion(t, map[string]any{"iss": client.ID, "sub": client.ID}),
	} {
		t.Run(name, func(t *testing.T) {
			suite.secrets.used(token)
			s.refuses(s.showAs(client.ID, token), http.StatusUnauthorized, "invalid_client")
			s.refuses(s.exchangeAs(client.ID, token, nil), http.StatusUnauthorized, "invalid_client")
		})
	}
	for name, clientID := range map[string]string{
		"no client": "", "a client that there is not": "shop.none", "a client with keys of its own": keyed.ID, "a client of a cluster that is not known": elsewhere.ID,
	} {
		t.Run("said to be of "+name, func(t *testing.T) {
			s.refuses(s.showAs(clientID, good), http.StatusUnauthorized, "invalid_client")
		})
	}
	both := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {"x"},
		"client_assertion_type": {jwtBearer}, "client_assertion": {good},
	}
	s.refuses(s.do(newFormRequest(t, tokenPath, both.Encode())), http.StatusBadRequest, "invalid_request")
	if a := s.showAs(client.ID, good); a.Status != http.StatusOK {
		t.Errorf("the good one is answered %d %s", a.Status, a.Body)
	}
}

// Keys come and go without a pod that is started anew, and a document that is absent or bad
// takes nothing away.
func TestClustersAreTakenUpLive(t *testing.T) {
	t.Parallel()
	here, next := newCluster(t, ""), newCluster(t, "")
	client := newOAuthClient("web", byWorkload(ordersAccount()))
	r := newRealmOfWorkloads(t, nil, client)
	r.Clusters = nil
	r.Update()
	s := r.serve()
	works := func(c cluster) bool {
		return s.showAs(client.ID, c.token(t, "shop", "orders", r.Clock.Now(), nil)).Status == http.StatusOK
	}
	if works(here) || s.Report().ClustersRevision != "" {
		t.Error("a cluster that nobody has named is known")
	}
	publish := func(content any) { r.Mount(map[string]any{realmconfig.ClustersFile: content}) }
	document := func(clusters ...realmconfig.Cluster) realmconfig.ClusterDocument {
		return realmconfig.ClusterDocument{Version: realmconfig.Version, Clusters: clusters}
	}
	publish(document(here.Cluster))
	s.eventually("the cluster is known", func() bool { return works(here) })
	good := s.Report().ClustersRevision

	for _, bad := range []any{"{", `{"version": 1, "clusters": [], "more": 1}`, `{"version": 2, "clusters": []}`} {
		publish(bad)
		s.eventually("the problem is told", func() bool { return s.Report().ClustersProblem != "" })
		if r := s.Report(); r.ClustersRevision != good || r.Problem != "" || !works(here) {
			t.Errorf("with the document %v: %+v", bad, r)
		}
	}
	publish(document(next.Cluster))
	s.eventually("the next key is known", func() bool { return works(next) && s.Report().ClustersProblem == "" })
	if works(here) {
		t.Error("a key that is withdrawn is believed")
	}
}

// A cluster that shows its keys to everybody is asked for them.
func TestKeysOfAClusterAtAURL(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	remote := newCluster(t, "staging")
	w.respond(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(remote.keys(t)) })
	remote.JWKS, remote.JWKSURI = nil, w.keys.URL+"/openid/v1/jwks"
	client := newClient("shop.workload")
	client.TokenEndpointAuthMethod, client.Secrets = realmconfig.PrivateKeyJWT, nil
	client.ServiceAccounts = []realmconfig.ServiceAccount{{Cluster: "staging", Namespace: "shop", Name: "orders"}}
	w.clusters = []realmconfig.Cluster{remote.Cluster}
	w.serveClients(client)
	good := remote.token(t, "shop", "orders", w.clock.Now(), nil)
	for range 2 {
		if err := w.show(client.ID, auth.Secret(good)); err != nil {
			t.Fatal(err)
		}
	}
	if asked := w.asked.Load(); asked != 1 {
		t.Errorf("the cluster was asked %d times", asked)
	}
	w.settings.Clients.AllowPrivateNetworks = false // the cluster is in a private network
	if err := w.show(client.ID, auth.Secret(good)); err == nil {
		t.Error("keys at a private address are read")
	}
	w.settings.Clients.AllowPrivateNetworks = true
	w.respond(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/elsewhere", http.StatusFound)
	})
	w.clock.Advance(24 * time.Hour)
	if err := w.show(client.ID, auth.Secret(remote.token(t, "shop", "orders", w.clock.Now(), nil))); err == nil {
		t.Error("a redirect is followed")
	}
}
