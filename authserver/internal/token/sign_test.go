// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

func everyAlgorithm() []realmconfig.Algorithm {
	return []realmconfig.Algorithm{realmconfig.ES256, realmconfig.RS256, realmconfig.EdDSA}
}

// newManyFamilies is a realm that signs access tokens with ES256, and has a key of
// every other algorithm.
func newManyFamilies(t *testing.T) *realmconfig.Snapshot {
	t.Helper()
	s := newTestSnapshot(t, realmconfig.ES256)
	s.Keyset = realmfolder.Keyset(s.Keyset.Keys()[0], realmfolder.NewKey(realmconfig.RS256), realmfolder.NewKey(realmconfig.EdDSA))
	return s
}

func tokensOf(s *realmconfig.Snapshot) *Tokens {
	return New(func() *realmconfig.Snapshot { return s }, time.Now)
}

func idToken(lifetime time.Duration) map[string]any {
	return map[string]any{"iss": "https://auth.example.com", "sub": "u", "aud": "app", "exp": time.Now().Add(lifetime).Unix(), "groups": []string{}}
}

// TestVerifiersOfOneAlgorithmWork has verifiers that know one algorithm choose their
// key from the whole JWKS.
func TestVerifiersOfOneAlgorithmWork(t *testing.T) {
	t.Parallel()
	tokens := tokensOf(newManyFamilies(t))
	keys, err := tokens.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	var published jose.JSONWebKeySet
	if err := json.Unmarshal(document, &published); err != nil {
		t.Fatal(err)
	}
	if len(published.Keys) != len(everyAlgorithm()) {
		t.Fatalf("%d keys are published", len(published.Keys))
	}
	for _, k := range published.Keys {
		if k.Use != "sig" || k.KeyID == "" || k.Algorithm == "" || !k.Valid() || !k.IsPublic() {
			t.Errorf("published is %+v", k)
		}
	}
	for _, algorithm := range everyAlgorithm() {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			signed, err := tokens.Sign(algorithm, "JWT", idToken(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			byAlgorithm := func(k jose.JSONWebKey) bool { return k.Algorithm == string(algorithm) }
			verifyWithGoJose(t, string(signed), algorithm, published, byAlgorithm)
			verifyWithGolangJWT(t, string(signed), algorithm, published)
			for _, other := range everyAlgorithm() {
				if _, err := jose.ParseSignedCompact(string(signed), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(other)}); (err == nil) != (other == algorithm) {
					t.Errorf("a verifier of %s says %v", other, err)
				}
			}
		})
	}
}

// verifyWithGoJose knows one algorithm, and takes the keys of it, in whatever order
// they are published.
func verifyWithGoJose(
	t *testing.T, token string, algorithm realmconfig.Algorithm, published jose.JSONWebKeySet, mine func(jose.JSONWebKey) bool,
) {
	t.Helper()
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
	if err != nil {
		t.Fatal(err)
	}
	keys := published.Key(parsed.Signatures[0].Header.KeyID)
	if len(keys) != 1 || !mine(keys[0]) {
		t.Fatalf("go-jose finds the keys %+v", keys)
	}
	payload, err := parsed.Verify(keys[0])
	claims := map[string]any{}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims["sub"] != "u" || claims["groups"] == nil {
		t.Errorf("go-jose reads %s, %v", payload, err)
	}
}

func verifyWithGolangJWT(t *testing.T, token string, algorithm realmconfig.Algorithm, published jose.JSONWebKeySet) {
	t.Helper()
	parsed, err := jwt.Parse(token, func(parsed *jwt.Token) (any, error) {
		kid, _ := parsed.Header["kid"].(string)
		if keys := published.Key(kid); len(keys) == 1 {
			return keys[0].Key, nil
		}
		return nil, errors.New("no such key")
	}, jwt.WithValidMethods([]string{string(algorithm)}), jwt.WithExpirationRequired(), jwt.WithAudience("app"))
	if err != nil || parsed.Header["typ"] != "JWT" {
		t.Errorf("golang-jwt says %v of %v", err, parsed.Header)
	}
}

func TestSignRefusesWhatRotationDoesNotReckonWith(t *testing.T) {
	t.Parallel()
	s := newManyFamilies(t)
	tokens := tokensOf(s)
	for name, c := range map[string]struct {
		claims map[string]any
		want   error
	}{
		"no expiry":                     {map[string]any{"sub": "u"}, ErrLifetime},
		"an expiry that is null":        {map[string]any{"exp": nil}, ErrLifetime},
		"an expiry that is a text":      {map[string]any{"exp": "tomorrow"}, ErrLifetime},
		"an expiry that is too late":    {idToken(time.Hour + time.Minute), ErrLifetime},
		"an expiry at the last moment":  {idToken(time.Hour), nil},
		"an expiry beyond all numbers":  {map[string]any{"exp": 1e300}, ErrLifetime},
		"an expiry of another type":     {map[string]any{"exp": 1}, ErrLifetime},
		"an expiry in the far past too": {map[string]any{"exp": int64(-1)}, nil},
		"no claims":                     {nil, ErrLifetime},
	} {
		if _, err := tokens.Sign(realmconfig.RS256, "JWT", c.claims); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	unencodable := idToken(time.Minute)
	unencodable["sub"] = func() {}
	if _, err := tokens.Sign(realmconfig.RS256, "JWT", unencodable); err == nil {
		t.Error("what is no JSON is signed")
	}
	s.Keyset.TokenLifetime.Longest = realmconfig.Duration(3 * time.Hour)
	if _, err := tokens.Sign(realmconfig.RS256, "JWT", idToken(2*time.Hour)); err != nil || tokens.Longest() != 3*time.Hour {
		t.Errorf("what the key set knows of is refused: %v; longest is %s", err, tokens.Longest())
	}
}

func TestSignNeedsAKeyThatSigns(t *testing.T) {
	t.Parallel()
	s, now := newManyFamilies(t), time.Now()
	s.Keyset.Families[1].StoppedAt = &now
	s.Keyset.Families[2].Keys[0].SignFrom = nil
	tokens := tokensOf(s)
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.RS256, realmconfig.EdDSA, "none", "HS256", ""} {
		if _, err := tokens.Sign(algorithm, "JWT", idToken(time.Minute)); !errors.Is(err, &auth.Error{Code: auth.SigningUnavailable}) {
			t.Errorf("%q: %v", algorithm, err)
		}
	}
	if got := tokens.Algorithms(); len(got) != 1 || got[0] != realmconfig.ES256 {
		t.Errorf("signs with %v", got)
	}
	if keys, err := tokens.JWKS(); err != nil || len(keys) != 3 {
		t.Errorf("publishes %d keys, %v: what was signed must be verified", len(keys), err)
	}
}

func TestAlgorithmsBeginWithThatOfAccessTokens(t *testing.T) {
	t.Parallel()
	s := newManyFamilies(t)
	s.Keyset.Families[2].Access, s.Keyset.Families[0].Access = s.Keyset.Families[0].Access, nil
	if got := tokensOf(s).Algorithms(); len(got) != 3 || got[0] != realmconfig.EdDSA || got[1] != realmconfig.ES256 || got[2] != realmconfig.RS256 {
		t.Errorf("signs with %v", got)
	}
}

// TestOnlyTheFamilyOfAccessTokensSignsThem gives every token that the realm can sign
// to Verify, with the claims of an access token.
func TestOnlyTheFamilyOfAccessTokensSignsThem(t *testing.T) {
	t.Parallel()
	s, now := newManyFamilies(t), time.Now()
	earlier, until, over := now.Add(-time.Minute), now.Add(time.Minute), now.Add(-time.Second)
	former := func(until *time.Time) func(*realmconfig.Keyset) {
		return func(k *realmconfig.Keyset) {
			k.Families[1].Access = &realmconfig.Access{TakenFrom: earlier, SignFrom: &earlier, TakenUntil: until}
			k.Families[0].Access = &realmconfig.Access{TakenFrom: earlier, SignFrom: &now}
		}
	}
	for name, c := range map[string]struct {
		algorithm realmconfig.Algorithm
		typ       string
		keys      func(*realmconfig.Keyset)
		taken     bool
	}{
		"an access token":                             {realmconfig.ES256, typ, nil, true},
		"another type of the family":                  {realmconfig.ES256, "JWT", nil, false},
		"a logout token of the family":                {realmconfig.ES256, "logout+jwt", nil, false},
		"another family":                              {realmconfig.RS256, typ, nil, false},
		"another type of another family":              {realmconfig.EdDSA, "JWT", nil, false},
		"a family that signed them before":            {realmconfig.RS256, typ, former(nil), true},
		"a family of which some are valid still":      {realmconfig.RS256, typ, former(&until), true},
		"a family of which none is valid any more":    {realmconfig.RS256, typ, former(&over), false},
		"another type of a family that did so before": {realmconfig.RS256, "JWT", former(nil), false},
		"a family that is to sign them": {realmconfig.RS256, typ, func(k *realmconfig.Keyset) {
			k.Families[1].Access = &realmconfig.Access{TakenFrom: earlier}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := *s
			changed.Keyset.Families = append([]realmconfig.Family{}, s.Keyset.Families...)
			if c.keys != nil {
				c.keys(&changed.Keyset)
			}
			tokens := tokensOf(&changed)
			token, err := tokens.Sign(c.algorithm, c.typ, map[string]any{
				"iss": s.Config.Issuer, "aud": s.Config.Tokens.Audience, "sub": "u", "sid": "s", "role": "admin",
				"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
			})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // once remembered
				if _, err := tokens.Verify(token); (err == nil) != c.taken {
					t.Errorf("said %v", err)
				}
			}
		})
	}
}

// TestARememberedTokenIsForgottenWithItsFamily: the end of a family's access tokens
// needs no other documents.
func TestARememberedTokenIsForgottenWithItsFamily(t *testing.T) {
	t.Parallel()
	s, now := newTestSnapshot(t, realmconfig.ES256), time.Now()
	until := now.Add(time.Minute)
	tokens := New(func() *realmconfig.Snapshot { return s }, func() time.Time { return now })
	access, _, err := tokens.Issue(auth.Subject{UserID: "u", SessionID: "s"})
	if err != nil {
		t.Fatal(err)
	}
	s.Keyset.Families[0].Access.TakenUntil = &until
	if _, err := tokens.Verify(access); err != nil {
		t.Fatal(err)
	}
	now = until
	if _, err := tokens.Verify(access); !errors.Is(err, &auth.Error{Code: auth.TokenInvalid}) {
		t.Errorf("said %v", err)
	}
}
