// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

func TestClientsShowSecrets(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	basic, post, none := realmconfig.ClientSecretBasic, realmconfig.ClientSecretPost, realmconfig.NoAuthMethod
	for name, c := range map[string]struct {
		shown   client.Credentials
		problem string
	}{
		"the new secret":              {client.Credentials{Method: basic, ClientID: "shop.web", Secret: "new-shop.web"}, ""},
		"the old secret":              {client.Credentials{Method: basic, ClientID: "shop.web", Secret: "old-shop.web"}, ""},
		"in the body":                 {client.Credentials{Method: post, ClientID: "shop.post", Secret: "new-shop.post"}, ""},
		"in the body, and not there":  {client.Credentials{Method: post, ClientID: "shop.web", Secret: "new-shop.web"}, "must use client_secret_basic, and has used client_secret_post"},
		"of another client":           {client.Credentials{Method: basic, ClientID: "shop.web", Secret: "new-shop.post"}, "the secret is not right"},
		"a wrong secret":              {client.Credentials{Method: basic, ClientID: "shop.web", Secret: "hunter2"}, "the secret is not right"},
		"the digest":                  {client.Credentials{Method: basic, ClientID: "shop.web", Secret: auth.Secret(digestOf(t, "new-shop.web"))}, "the secret is not right"},
		"no secret":                   {client.Credentials{Method: basic, ClientID: "shop.web"}, "the secret is not right"},
		"a megabyte":                  {client.Credentials{Method: basic, ClientID: "shop.web", Secret: auth.Secret(strings.Repeat("a", 1<<20))}, "the secret is not right"},
		"of nobody":                   {client.Credentials{Method: basic, ClientID: "shop.nobody", Secret: "hunter2"}, "the client is not known"},
		"of a megabyte":               {client.Credentials{Method: basic, ClientID: strings.Repeat("a", 1<<20), Secret: "hunter2"}, "the client is not known"},
		"of nobody at all":            {client.Credentials{}, "the client is not known"},
		"a public client":             {client.Credentials{Method: none, ClientID: "shop.public"}, ""},
		"a secret of a public client": {client.Credentials{Method: basic, ClientID: "shop.public", Secret: "hunter2"}, "must use none, and has used client_secret_basic"},
		"nothing of a confidential":   {client.Credentials{Method: none, ClientID: "shop.web"}, "must use client_secret_basic, and has used none"},
		"a secret instead of a key":   {client.Credentials{Method: basic, ClientID: "shop.key", Secret: "hunter2"}, "must use private_key_jwt"},
		"a method of ours alone":      {client.Credentials{Method: "", ClientID: "shop.web"}, "must use client_secret_basic"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who, err := w.Authenticate(t.Context(), c.shown)
			expectRefusal(t, err, c.problem)
			if want := c.shown.ClientID; c.problem == "" && who.ID != want || c.problem != "" && who.ID != "" {
				t.Errorf("is taken for %q", who.ID)
			}
		})
	}
}

func digestOf(t *testing.T, secret string) string {
	t.Helper()
	text, err := realmconfig.DigestSecret(secret).MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What RFC 8725, section 3.1, warns of, and its kin.
func TestAssertionsAreSignedByTheClientAlone(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	rsa, edwards, other := realmfolder.NewKey(realmconfig.RS256), realmfolder.NewKey(realmconfig.EdDSA), realmfolder.NewKey(realmconfig.ES256)
	clients := []realmconfig.Client{}
	for id, key := range map[string]realmconfig.Key{"shop.rsa": rsa, "shop.edwards": edwards, "shop.other": other} {
		clients = append(clients, newClient(id, withKeys(w.jwks(key))))
	}
	anyAlgorithm := []byte(strings.Replace(string(w.jwks(rsa)), `,"alg":"RS256"`, "", 1)) // of which the key says nothing
	w.serveClients(append(clients, newClient("shop.free", withKeys(anyAlgorithm)))...)

	signer := func(key realmconfig.Key) crypto.Signer {
		s, err := key.Signer()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	public, err := x509.MarshalPKIXPublicKey(signer(rsa).Public())
	if err != nil {
		t.Fatal(err)
	}
	const unsigned, unknown = "not signed with a key of the client", "not signed with a key of the client"
	for name, c := range map[string]struct {
		id        string
		assertion auth.Secret
		problem   string
	}{
		"ES256":                            {"shop.key", assertionOf(t, w.key, w.claims("shop.key"), nil), ""},
		"with the key's id":                {"shop.key", assertionOf(t, w.key, w.claims("shop.key"), map[string]any{"kid": w.key.KID}), ""},
		"without client_id":                {"", assertionOf(t, w.key, w.claims("shop.key"), nil), ""},
		"RS256":                            {"shop.rsa", assertionOf(t, rsa, w.claims("shop.rsa"), nil), ""},
		"PS256":                            {"shop.free", assertionBy(t, "PS256", signer(rsa), w.claims("shop.free"), nil), ""},
		"EdDSA":                            {"shop.edwards", assertionOf(t, edwards, w.claims("shop.edwards"), nil), ""},
		"the token endpoint as audience":   {"shop.key", assertionOf(t, w.key, with(w.claims("shop.key"), "aud", tokenEndpoint), nil), ""},
		"another id than the key's":        {"shop.key", assertionOf(t, w.key, w.claims("shop.key"), map[string]any{"kid": "hunter2"}), unknown},
		"no signature":                     {"shop.key", assertionBy(t, "none", jwt.UnsafeAllowNoneSignatureType, w.claims("shop.key"), nil), unsigned},
		"no signature, said otherwise":     {"shop.key", headed(t, `{"alg":"nOnE"}`, w.claims("shop.key")), unsigned},
		"HMAC with the public key":         {"shop.rsa", assertionBy(t, "HS256", public, w.claims("shop.rsa"), nil), unsigned},
		"HMAC with the key set":            {"shop.free", assertionBy(t, "HS256", []byte(w.jwks(rsa)), w.claims("shop.free"), nil), unsigned},
		"another algorithm than the key's": {"shop.rsa", assertionBy(t, "PS256", signer(rsa), w.claims("shop.rsa"), nil), unsigned},
		"the algorithm of another key":     {"shop.edwards", assertionOf(t, w.key, w.claims("shop.edwards"), nil), unsigned},
		"another's key":                    {"shop.key", assertionOf(t, other, w.claims("shop.key"), nil), unsigned},
		"a key in the header":              {"shop.key", assertionOf(t, other, w.claims("shop.key"), map[string]any{"jwk": publicOf(t, other)}), unsigned},
		"a key somewhere":                  {"shop.key", assertionOf(t, other, w.claims("shop.key"), map[string]any{"jku": w.keys.URL + "/jwks"}), unsigned},
		"a condition nobody knows":         {"shop.key", assertionOf(t, w.key, w.claims("shop.key"), map[string]any{"crit": []string{"x"}, "x": 1}), unsigned},
		"another client's assertion":       {"shop.key", assertionOf(t, other, w.claims("shop.other"), nil), "of another client than client_id"},
		"of nobody":                        {"", assertionOf(t, other, w.claims("shop.nobody"), nil), "the client is not known"},
		"of a client with a secret":        {"", assertionOf(t, other, w.claims("shop.web"), nil), "must use client_secret_basic"},
		"of a public client":               {"", assertionOf(t, other, w.claims("shop.public"), nil), "must use none"},
		"for another realm":                {"shop.key", assertionOf(t, w.key, with(w.claims("shop.key"), "aud", "https://other.example.com"), nil), "aud must be"},
		"that another has made":            {"shop.key", assertionOf(t, w.key, with(w.claims("shop.key"), "iss", "shop.other"), nil), "iss and sub must be"},
		"that has expired":                 {"shop.key", assertionOf(t, w.key, with(w.claims("shop.key"), "exp", 1), nil), "has expired"},
		"of a megabyte":                    {"shop.key", assertionOf(t, w.key, with(w.claims("shop.key"), "x", strings.Repeat("a", 1<<20)), nil), "no JWT of a client"},
		"cut off":                          {"shop.key", assertionOf(t, w.key, w.claims("shop.key"), nil)[:200], "the assertion is"},
		"nothing":                          {"shop.key", "", "no JWT of a client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectRefusal(t, w.show(c.id, c.assertion), c.problem)
			if c.problem == "" {
				expectRefusal(t, w.show(c.id, c.assertion), "used before")
			}
		})
	}
}

func with(claims jwt.MapClaims, name string, value any) jwt.MapClaims {
	claims[name] = value
	return claims
}

// headed has a header of the test's own and an empty signature.
func headed(t *testing.T, header string, claims jwt.MapClaims) auth.Secret {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return auth.Secret(encode([]byte(header)) + "." + encode(payload) + ".")
}

func TestAnAssertionIsUsedOnce(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	for range 3 {
		assertion := assertionOf(t, w.key, w.claims("shop.key"), nil)
		won := race.Winners(50, func(int) error { return w.show("shop.key", assertion) }, func(err error) bool { return err == nil })
		if len(won) != 1 {
			t.Fatalf("%d of 50 were let in", len(won))
		}
	}
	// Another JWT with the same jti is the same assertion, and that of another client is not.
	first := w.claims("shop.key")
	expectRefusal(t, w.show("", assertionOf(t, w.key, first, nil)), "")
	expectRefusal(t, w.show("", assertionOf(t, w.key, with(first, "exp", w.clock.Now().Add(2*time.Minute).Unix()), nil)), "used before")
	expectRefusal(t, w.show("", assertionOf(t, w.key, with(w.claims("shop.remote"), "jti", first["jti"]), nil)), "")
}

func TestAnAssertionThatIsRefusedIsNotUsedUp(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	claims := w.claims("shop.key")
	expectRefusal(t, w.show("", assertionOf(t, realmfolder.NewKey(realmconfig.ES256), claims, nil)), "not signed")
	expectRefusal(t, w.show("", assertionOf(t, w.key, claims, nil)), "")
}

func TestKeysAtAnAddress(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	w.clock.Stop()
	try := func(key realmconfig.Key) error {
		return w.show("shop.remote", assertionOf(t, key, w.claims("shop.remote"), map[string]any{"kid": key.KID}))
	}
	for range 3 {
		expectRefusal(t, try(w.key), "")
	}
	next := realmfolder.NewKey(realmconfig.EdDSA)
	w.publish(w.key, next)
	for range 5 {
		expectRefusal(t, try(next), "not signed with a published key")
	}
	if got := w.asked.Load(); got != 1 {
		t.Errorf("asked %d times, however often an unknown key is shown", got)
	}
	w.clock.Advance(10 * time.Second)
	expectRefusal(t, try(next), "")
	if got := w.asked.Load(); got != 2 {
		t.Errorf("asked %d times, want once more for an unknown key", got)
	}
	w.respond(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	w.clock.Advance(16 * time.Minute)
	for range 3 {
		expectRefusal(t, try(next), "")
		expectRefusal(t, try(realmfolder.NewKey(realmconfig.ES256)), "not signed with a published key")
	}
	if got := w.asked.Load(); got != 3 {
		t.Errorf("asked %d times, want once where nobody answers", got)
	}
	w.publish(w.key) // the other is withdrawn
	w.clock.Advance(16 * time.Minute)
	expectRefusal(t, try(next), "not signed with a published key")
}

func TestAddressesOfKeysThatGiveNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		problem string
	}{
		"not found":                {http.NotFound, "answered 404"},
		"not JSON":                 {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("hunter2")) }, "not the JSON that was asked for"},
		"a redirect":               {func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/elsewhere", http.StatusFound) }, "answered 302"},
		"a megabyte":               {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, 1<<20)) }, "too large"},
		"a connection that breaks": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClientWorld(t)
			w.clock.Stop()
			w.respond(c.answer)
			try := func() error { return w.show("", assertionOf(t, w.key, w.claims("shop.remote"), nil)) }
			expectRefusal(t, try(), c.problem)
			asked := w.asked.Load()
			expectRefusal(t, try(), "could not be read a moment ago")
			if got := w.asked.Load(); got != asked {
				t.Errorf("asked again at once")
			}
			w.publish(w.key)
			w.clock.Advance(10 * time.Second)
			expectRefusal(t, try(), "")
		})
	}
}

func TestKeysInPrivateNetworksAreOutOfReach(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	w.settings.Clients.AllowPrivateNetworks = false
	expectRefusal(t, w.show("", assertionOf(t, w.key, w.claims("shop.remote"), nil)), "address is not public")
	if got := w.asked.Load(); got != 0 {
		t.Errorf("asked %d times", got)
	}
}

func TestWithoutADatabaseNoAssertionIsTaken(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	away, err := postgres.Open(t.Context(), realmconfig.Place{URL: "postgres://nobody@127.0.0.1:1/none"}, postgres.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(away.Close)
	here, assertion := w.Store, assertionOf(t, w.key, w.claims("shop.key"), nil)
	w.Store = away
	if err := w.show("", assertion); !errors.Is(err, &auth.Error{Code: auth.DatabaseUnavailable}) {
		t.Errorf("got %v", err)
	}
	w.Store = here
	expectRefusal(t, w.show("", assertion), "")
}

func TestUseOfClientsIsReported(t *testing.T) {
	t.Parallel()
	w := newClientWorld(t)
	w.clock.Stop() // no midnight passes
	show := func(c client.Credentials) { _, _ = w.Authenticate(t.Context(), c) }
	show(client.Credentials{Method: realmconfig.ClientSecretBasic, ClientID: "shop.web", Secret: "old-shop.web"})
	show(client.Credentials{Method: realmconfig.ClientSecretPost, ClientID: "shop.post", Secret: "hunter2"})
	show(client.Credentials{Method: realmconfig.NoAuthMethod, ClientID: "shop.public"})
	show(client.Credentials{Method: realmconfig.PrivateKeyJWT, Assertion: assertionOf(t, w.key, w.claims("shop.key"), nil)})
	used := map[string]bool{}
	for _, day := range w.Usage.Report(w.Clients()) {
		if day.Day != w.clock.Now().UTC().Format(time.DateOnly) {
			t.Errorf("a day is %s", day.Day)
		}
		for _, id := range []string{"shop.web", "shop.post", "shop.public", "shop.key", "shop.remote"} {
			used[id], used[id+" old"] = day.Clients[realmconfig.ClientShard(id)].Has(indexOf(w.Clients(), id)), day.OldSecrets[realmconfig.ClientShard(id)].Has(indexOf(w.Clients(), id))
		}
	}
	for id, is := range used {
		if want := id == "shop.web" || id == "shop.web old" || id == "shop.key"; is != want {
			t.Errorf("%s: %t", id, is)
		}
	}
	if len(used) != 10 {
		t.Errorf("reported are %v", used)
	}
}

// indexOf is where a client stands in the document of its shard.
func indexOf(s *realmconfig.ClientSet, id string) (i int) {
	for c := range s.All() {
		if realmconfig.ClientShard(c.ID) == realmconfig.ClientShard(id) && c.ID < id {
			i++
		}
	}
	return i
}
