// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

var clientBirth = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func client(t *testing.T, spec string) *v1alpha1.OAuthClient {
	t.Helper()
	c := &v1alpha1.OAuthClient{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "web", UID: "a-uid", CreationTimestamp: metav1.NewTime(clientBirth),
	}}
	if err := yaml.UnmarshalStrict([]byte("realmRef: {name: staff}\n"+spec), &c.Spec); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientsAreToldAsTheirSpecSays(t *testing.T) {
	t.Parallel()
	const callback = "redirectURIs: ['https://shop.example.com/callback']\n"
	for name, c := range map[string]struct {
		spec string
		want func(*realmconfig.Client)
	}{
		"the least": {callback, func(*realmconfig.Client) {}},
		"a page": {callback + "type: Public", func(c *realmconfig.Client) {
			c.Type, c.TokenEndpointAuthMethod = realmconfig.PublicClient, realmconfig.NoAuthMethod
		}},
		"a page that says so": {callback + "type: Public\ntokenEndpointAuthMethod: None", func(c *realmconfig.Client) {
			c.Type, c.TokenEndpointAuthMethod = realmconfig.PublicClient, realmconfig.NoAuthMethod
		}},
		"what is allowed anyway": {callback + "pushedAuthorizationRequests: Allowed\ndpop: Allowed", func(*realmconfig.Client) {}},
		"a secret in a header":   {callback + "tokenEndpointAuthMethod: ClientSecretBasic", func(*realmconfig.Client) {}},
		"a secret in a form": {callback + "tokenEndpointAuthMethod: ClientSecretPost", func(c *realmconfig.Client) {
			c.TokenEndpointAuthMethod = realmconfig.ClientSecretPost
		}},
		"a service": {"grantTypes: [ClientCredentials]", func(c *realmconfig.Client) {
			c.RedirectURIs, c.GrantTypes = nil, []realmconfig.GrantType{realmconfig.ClientCredentialsGrant}
		}},
		"a device": {"grantTypes: [DeviceCode, RefreshToken]", func(c *realmconfig.Client) {
			c.RedirectURIs, c.GrantTypes = nil, []realmconfig.GrantType{realmconfig.DeviceCodeGrant, realmconfig.RefreshTokenGrant}
		}},
		"keys": {callback + "tokenEndpointAuthMethod: PrivateKeyJWT\njwks: {keys: [{kty: OKP, crv: Ed25519, kid: one, x: " + strings.Repeat("a", 43) + "}]}", func(c *realmconfig.Client) {
			c.TokenEndpointAuthMethod = realmconfig.PrivateKeyJWT
			c.JWKS = []byte(`{"keys":[{"kty":"OKP","kid":"one","crv":"Ed25519","x":"` + strings.Repeat("a", 43) + `"}]}`)
		}},
		"keys at a URL": {callback + "tokenEndpointAuthMethod: PrivateKeyJWT\njwksURI: https://shop.example.com/jwks", func(c *realmconfig.Client) {
			c.TokenEndpointAuthMethod, c.JWKSURI = realmconfig.PrivateKeyJWT, "https://shop.example.com/jwks"
		}},
		"workloads": {"grantTypes: [ClientCredentials, TokenExchange]\nserviceAccounts: [{namespace: shop, name: orders}, {cluster: staging, namespace: a, name: b.c}]", func(c *realmconfig.Client) {
			c.RedirectURIs, c.GrantTypes = nil, []realmconfig.GrantType{realmconfig.ClientCredentialsGrant, realmconfig.TokenExchangeGrant}
			c.TokenEndpointAuthMethod = realmconfig.PrivateKeyJWT
			c.ServiceAccounts = []realmconfig.ServiceAccount{{Namespace: "shop", Name: "orders"}, {Cluster: "staging", Namespace: "a", Name: "b.c"}}
		}},
		"no personal access tokens": {callback + "personalAccessTokens: Refused", func(*realmconfig.Client) {}},
		"everything": {
			callback + "displayName: Shop\npostLogoutRedirectURIs: ['https://shop.example.com/bye']\nbackchannelLogoutURI: https://shop.example.com/logout\n" +
				"grantTypes: [AuthorizationCode, RefreshToken, ClientCredentials]\nscopes: [openid, groups]\naudiences: [shop]\nidTokenSigningAlg: EdDSA\n" +
				"accessTokenLifetime: 5m\nidTokenLifetime: 6m\nrefreshTokenLifetime: 7m\npushedAuthorizationRequests: Required\ndpop: Required\npersonalAccessTokens: Allowed\ndefaultACRValues: [\"2\", \"1\"]\ndefaultMaxAge: 8h\nconsent: Ask\naccess: {groups: [staff]}\n" +
				"protectedResource: {resource: 'https://mcp.example.com/mcp', scopes: ['mcp:tools'], documentation: 'https://mcp.example.com/docs'}",
			func(c *realmconfig.Client) {
				c.DisplayName, c.PostLogoutRedirectURIs, c.BackchannelLogoutURI = "Shop", []string{"https://shop.example.com/bye"}, "https://shop.example.com/logout"
				c.GrantTypes = []realmconfig.GrantType{realmconfig.AuthorizationCodeGrant, realmconfig.RefreshTokenGrant, realmconfig.ClientCredentialsGrant}
				c.Scopes, c.Audiences, c.IDTokenSigningAlg = []string{"openid", "groups"}, []string{"shop"}, realmconfig.EdDSA
				c.AccessTokenLifetime, c.IDTokenLifetime = realmconfig.Duration(5*time.Minute), realmconfig.Duration(6*time.Minute)
				c.RefreshTokenLifetime, c.Consent = realmconfig.Duration(7*time.Minute), realmconfig.AskConsent
				c.PushedAuthorizationRequests, c.DPoP = realmconfig.Required, realmconfig.Required
				c.PersonalAccessTokens = realmconfig.PersonalAccessTokensAllowed
				c.DefaultACRValues, c.DefaultMaxAge = []string{"2", "1"}, realmconfig.Duration(8*time.Hour)
				c.Access = &realmconfig.ClientAccess{Groups: []string{"staff"}}
				c.ProtectedResource = &realmconfig.ProtectedResource{
					Resource: "https://mcp.example.com/mcp", Scopes: []string{"mcp:tools"}, Documentation: "https://mcp.example.com/docs",
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := realmconfig.DefaultClient()
			want.ID, want.Since, want.DisplayName, want.RedirectURIs = "shop.web", clientBirth, "web", []string{"https://shop.example.com/callback"}
			c.want(&want)
			asked := client(t, c.spec)
			got, err := render.ClientSettings(asked)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got (%v)\n%+v\nwant\n%+v", err, got, want)
			}
			if problem := render.ClientProblem(asked); problem != nil {
				t.Errorf("an auth server would refuse it: %v", problem)
			}
			if revision, err := render.ClientRevision(asked); err != nil || (revision == "") != render.ShowsSecret(asked) {
				t.Errorf("before there is a secret it has the revision %q (%v)", revision, err)
			}
		})
	}
}

func TestTheSecretOfAClient(t *testing.T) {
	t.Parallel()
	c := client(t, "secret: {name: grafana, labels: {app.kubernetes.io/part-of: argocd}, annotations: {example.com/copy: all}, keys: {GF_ID: $(client-id), env: \"a=$(client-secret)\\nb=$(issuer) $HOME\"}}")
	s := render.ClientSecretObject(c, "https://login.example.com", "$(issuer)")
	want := map[string]string{
		"client-id": "shop.web", "client-secret": "$(issuer)", "issuer": "https://login.example.com",
		"GF_ID": "shop.web", "env": "a=$(issuer)\nb=https://login.example.com $HOME",
	}
	for key, value := range want {
		if string(s.Data[key]) != value {
			t.Errorf("%s is %q, want %q", key, s.Data[key], value)
		}
	}
	if !maps.Equal(s.Labels, map[string]string{
		"app.kubernetes.io/managed-by": "realmkeeper", "auth.realmkeeper.io/oauthclient": "web", "app.kubernetes.io/part-of": "argocd",
	}) || !maps.Equal(s.Annotations, map[string]string{"example.com/copy": "all"}) {
		t.Errorf("it is marked by %v and %v", s.Labels, s.Annotations)
	}
	if len(s.Data) != len(want) || *s.Name != "grafana" || *s.Namespace != "shop" || *s.OwnerReferences[0].UID != "a-uid" || !*s.OwnerReferences[0].Controller {
		t.Errorf("it is %+v", s)
	}
}

func TestADocumentOfClients(t *testing.T) {
	t.Parallel()
	now := clientBirth.Add(1000 * time.Hour)
	born := func(id string, since time.Time) realmconfig.Client {
		return realmconfig.Client{ID: id, Since: since}
	}
	ended := func(id string, at time.Time) realmconfig.EndedClient { return realmconfig.EndedClient{ID: id, At: at} }
	type document = realmconfig.ClientDocument
	later, lately := clientBirth.Add(time.Hour), now.Add(-time.Hour)
	for name, c := range map[string]struct {
		taken   []realmconfig.Client
		present map[string]time.Time
		before  document
		want    document
		begin   time.Time // of a.a, zero where it has begun
	}{
		"none": {},
		"one that stays": {
			taken: []realmconfig.Client{born("a.a", clientBirth)}, present: map[string]time.Time{"a.a": clientBirth},
			before: document{Clients: []realmconfig.Client{born("a.a", clientBirth)}}, want: document{Clients: []realmconfig.Client{born("a.a", clientBirth)}},
		},
		"one that is gone": {
			before: document{Clients: []realmconfig.Client{born("a.a", clientBirth)}}, want: document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(time.Minute))}},
		},
		"one that is gone, and came to be by a clock that is ahead": {
			before: document{Clients: []realmconfig.Client{born("a.a", now.Add(time.Hour))}},
			want:   document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(time.Hour+time.Minute))}},
		},
		"one that is not taken any more": {
			present: map[string]time.Time{"a.a": clientBirth}, before: document{Clients: []realmconfig.Client{born("a.a", clientBirth)}},
		},
		"one that was made again unseen": {
			taken: []realmconfig.Client{born("a.a", later)}, present: map[string]time.Time{"a.a": later},
			before: document{Clients: []realmconfig.Client{born("a.a", clientBirth)}},
			want:   document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(time.Minute))}}, begin: now.Add(time.Minute),
		},
		"one that was made again by a clock that is ahead": {
			taken: []realmconfig.Client{born("a.a", now.Add(time.Hour))}, present: map[string]time.Time{"a.a": now.Add(time.Hour)},
			before: document{Clients: []realmconfig.Client{born("a.a", clientBirth)}},
			want:   document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(time.Hour+time.Minute))}}, begin: now.Add(time.Hour + time.Minute),
		},
		"one that was made again a moment after its end": {
			taken: []realmconfig.Client{born("a.a", now)}, present: map[string]time.Time{"a.a": now},
			before: document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(time.Second))}},
			want:   document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(time.Second))}}, begin: now.Add(time.Second),
		},
		"one that was made again, and begins": {
			taken: []realmconfig.Client{born("a.a", later)}, present: map[string]time.Time{"a.a": later},
			before: document{Ended: []realmconfig.EndedClient{ended("a.a", now)}},
			want:   document{Clients: []realmconfig.Client{born("a.a", now)}, Ended: []realmconfig.EndedClient{ended("a.a", now)}},
		},
		"one that was made again, and has begun": {
			taken: []realmconfig.Client{born("a.a", later)}, present: map[string]time.Time{"a.a": later},
			before: document{Clients: []realmconfig.Client{born("a.a", now)}, Ended: []realmconfig.EndedClient{ended("a.a", now)}},
			want:   document{Clients: []realmconfig.Client{born("a.a", now)}, Ended: []realmconfig.EndedClient{ended("a.a", now)}},
		},
		"one that has begun, of whose end nobody knows any more": {
			taken: []realmconfig.Client{born("a.a", clientBirth)}, present: map[string]time.Time{"a.a": clientBirth},
			before: document{Clients: []realmconfig.Client{born("a.a", later)}, Ended: []realmconfig.EndedClient{ended("a.a", now.Add(-31*24*time.Hour))}},
			want:   document{Clients: []realmconfig.Client{born("a.a", later)}},
		},
		"one that was made again long after": {
			taken: []realmconfig.Client{born("a.a", now)}, present: map[string]time.Time{"a.a": now},
			before: document{Ended: []realmconfig.EndedClient{ended("a.a", lately)}},
			want:   document{Clients: []realmconfig.Client{born("a.a", now)}, Ended: []realmconfig.EndedClient{ended("a.a", lately)}},
		},
		"one that asked for another realm meanwhile": {
			taken: []realmconfig.Client{born("a.a", clientBirth)}, present: map[string]time.Time{"a.a": clientBirth},
			before: document{Ended: []realmconfig.EndedClient{ended("a.a", lately)}},
			want:   document{Clients: []realmconfig.Client{born("a.a", lately)}, Ended: []realmconfig.EndedClient{ended("a.a", lately)}},
		},
		"one that has ended by a clock that was wrong": {
			taken: []realmconfig.Client{born("a.a", clientBirth)}, present: map[string]time.Time{"a.a": clientBirth},
			before: document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(1000*time.Hour))}},
			want:   document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(time.Minute))}}, begin: now.Add(time.Minute),
		},
		"one that has begun by a clock that was wrong": {
			taken: []realmconfig.Client{born("a.a", clientBirth)}, present: map[string]time.Time{"a.a": clientBirth},
			before: document{Clients: []realmconfig.Client{born("a.a", now.Add(1000*time.Hour))}}, want: document{Clients: []realmconfig.Client{born("a.a", clientBirth)}},
		},
		"one that is new, by a clock that is ahead": {
			taken: []realmconfig.Client{born("a.a", now.Add(time.Hour))}, present: map[string]time.Time{"a.a": now.Add(time.Hour)},
			want: document{Clients: []realmconfig.Client{born("a.a", now.Add(time.Hour))}},
		},
		"one that has ended long ago, and one lately": {
			before: document{Ended: []realmconfig.EndedClient{ended("a.a", now.Add(-31*24*time.Hour)), ended("a.b", now.Add(-29*24*time.Hour))}},
			want:   document{Ended: []realmconfig.EndedClient{ended("a.b", now.Add(-29*24*time.Hour))}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := render.NewClientShard(render.ClientsInShard{Taken: c.taken, Present: c.present, Before: c.before}, now)
			if err != nil || len(got.LeftOut) > 0 || !got.Begin["a.a"].Equal(c.begin) {
				t.Fatalf("left out %v, and to begin %v (%v)", got.LeftOut, got.Begin, err)
			}
			same := func(a, b realmconfig.Client) bool { return reflect.DeepEqual(a, b) }
			if !slices.EqualFunc(got.Document.Clients, c.want.Clients, same) || !slices.Equal(got.Document.Ended, c.want.Ended) {
				t.Errorf("got %+v, want %+v", got.Document, c.want)
			}
		})
	}
}

// What does not fit is the newest, and hurts nobody else.
func TestADocumentThatIsFullLeavesOutTheNewest(t *testing.T) {
	t.Parallel()
	in := render.ClientsInShard{Present: map[string]time.Time{}}
	for i := range 30 {
		c := realmconfig.Client{ID: fmt.Sprintf("a.c%02d", 29-i), Since: clientBirth.Add(time.Duration(i) * time.Hour), DisplayName: strings.Repeat("x", 40_000)}
		in.Taken, in.Present[c.ID] = append(in.Taken, c), c.Since
	}
	shard, err := render.NewClientShard(in, clientBirth)
	if err != nil || len(shard.Document.Clients) != 24 || len(shard.LeftOut) != 6 || shard.LeftOut[5] != "a.c00" {
		t.Fatalf("%d are in, and %v are not (%v)", len(shard.Document.Clients), shard.LeftOut, err)
	}
	if encoded, err := realmconfig.EncodeClients(shard.Document); err != nil {
		t.Errorf("%d bytes: %v", len(encoded), err)
	}
}

func TestLargeClientsOfANamespacePushNobodyElsesOut(t *testing.T) {
	t.Parallel()
	in := render.ClientsInShard{Present: map[string]time.Time{}}
	add := func(id string, age time.Duration, size int) {
		c := realmconfig.Client{ID: id, Since: clientBirth.Add(-age), DisplayName: strings.Repeat("x", size)}
		in.Taken, in.Present[id] = append(in.Taken, c), c.Since
	}
	add("greedy.first", 3*time.Hour, 600_000)
	add("greedy.second", 2*time.Hour, 600_000)
	add("small.later", time.Hour, 1000)
	shard, err := render.NewClientShard(in, clientBirth)
	if err != nil || len(shard.Document.Clients) != 2 || shard.Document.Clients[0].ID != "greedy.first" || shard.Document.Clients[1].ID != "small.later" {
		t.Fatalf("%d are in, and %v are not (%v)", len(shard.Document.Clients), shard.LeftOut, err)
	}
	if strings.Join(shard.LeftOut, " ") != "greedy.second" {
		t.Errorf("%v are left out", shard.LeftOut)
	}
}

func TestADocumentIsFoundByTheNameOfItsConfigMap(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"staff-clients-0-v1": "staff 0", "staff-clients-15-v1": "staff 15", "a-clients-3-v1-clients-4-v1": "a-clients-3-v1 4",
		"staff-clients-16-v1": "", "staff-clients--1-v1": "", "staff-clients-01-v1": "", "staff-clients-1-v2": "", "staff-config-v1": "", "": "",
	} {
		realm, shard, ok := render.ClientsOf(name)
		got := ""
		if ok {
			got = fmt.Sprintf("%s %d", realm, shard)
		}
		if got != want {
			t.Errorf("%s is of %q, want %q", name, got, want)
		}
	}
}
