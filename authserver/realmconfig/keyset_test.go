// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// keysetOf is a key set of one family, which signs access tokens.
func keysetOf(keys ...realmconfig.Key) realmconfig.Keyset {
	since := keys[0].CreatedAt
	return realmconfig.Keyset{Version: realmconfig.KeysetVersion, Families: []realmconfig.Family{{
		Algorithm: keys[0].Algorithm, Keys: keys, Access: &realmconfig.Access{TakenFrom: since, SignFrom: &since},
	}}}
}

func TestKeysetValidate(t *testing.T) {
	t.Parallel()
	const first = "families[0].keys[0]"
	cases := map[string]struct {
		change  func(*realmconfig.Keyset)
		problem string
	}{
		"good":              {func(*realmconfig.Keyset) {}, ""},
		"a foreign version": {func(s *realmconfig.Keyset) { s.Version = 1 }, "version: is 1"},
		"no family":         {func(s *realmconfig.Keyset) { s.Families = nil }, "families: must not be empty"},
		"a family twice":    {func(s *realmconfig.Keyset) { s.Families = append(s.Families, s.Families[0]) }, "families[1].algorithm: stands twice"},
		"no access tokens":  {func(s *realmconfig.Keyset) { s.Families[0].Access = nil }, "families: none signs access tokens"},
		"none yet":          {func(s *realmconfig.Keyset) { s.Families[0].Access.SignFrom = nil }, "families: none signs access tokens"},
		"no key":            {func(s *realmconfig.Keyset) { s.Families[0].Keys = nil }, "families[0].keys: must not be empty"},
		"a key twice": {func(s *realmconfig.Keyset) {
			s.Families[0].Keys = append(s.Families[0].Keys, s.Families[0].Keys[0])
		}, "families[0].keys[1].kid: stands twice"},
		"another family":    {func(s *realmconfig.Keyset) { s.Families[0].Algorithm = realmconfig.RS256 }, first + ".algorithm: is not the family's"},
		"another kid":       {func(s *realmconfig.Keyset) { s.Families[0].Keys[0].KID = "one" }, first + ".kid: is not the thumbprint"},
		"another algorithm": {func(s *realmconfig.Keyset) { s.Families[0].Keys[0].Algorithm = realmconfig.RS256 }, first + ".algorithm: does not fit"},
		"not PEM":           {func(s *realmconfig.Keyset) { s.Families[0].Keys[0].Private = "hunter2" }, first + ".private: is not PEM"},
		"not PKCS #8": {func(s *realmconfig.Keyset) {
			s.Families[0].Keys[0].Private = "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n"
		}, first + ".private: is not PKCS #8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keyset := goodKeyset(t)
			c.change(&keyset)
			expectProblem(t, keyset.Validate(), c.problem)
		})
	}
}

// The example of RFC 7638, section 3.1.
func TestThumbprintIsThePublishedOne(t *testing.T) {
	t.Parallel()
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := realmconfig.NewJWK(&rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	if jwk.KID != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("thumbprint is %s", jwk.KID)
	}
}

// The key of RFC 8037, appendix A.2, with the thumbprint of appendix A.3.
func TestThumbprintOfAnEdwardsCurveIsThePublishedOne(t *testing.T) {
	t.Parallel()
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := realmconfig.NewJWK(ed25519.PublicKey(x))
	if err != nil {
		t.Fatal(err)
	}
	if jwk.KID != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("thumbprint is %s", jwk.KID)
	}
}

func TestNewJWKRefusesWhatNoAlgorithmUses(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, public := range map[string]any{
		"another curve": p384.Public(), "a short RSA key": &rsa.PublicKey{N: big.NewInt(1 << 40), E: 65537}, "no key": "key",
	} {
		if _, err := realmconfig.NewJWK(public); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestSigningKeyAndPublished(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(d time.Duration) *time.Time { moment := now.Add(d); return &moment }
	keyset := keysetOf([]realmconfig.Key{
		{KID: "gone", SignFrom: at(-5 * time.Hour), VerifyUntil: at(0)},
		{KID: "retiring", SignFrom: at(-4 * time.Hour), VerifyUntil: at(time.Second)},
		{KID: "older", SignFrom: at(-2 * time.Hour)},
		{KID: "signing", SignFrom: at(0)},
		{KID: "next", SignFrom: at(time.Second)},
		{KID: "pending"},
	}...)
	key, ok := keyset.SigningKey(now)
	if !ok || key.KID != "signing" {
		t.Errorf("%q signs, %t", key.KID, ok)
	}
	published := []string{}
	for _, k := range keyset.Published(now) {
		published = append(published, k.KID)
	}
	if want := []string{"retiring", "older", "signing", "next", "pending"}; !reflect.DeepEqual(published, want) {
		t.Errorf("published are %v, want %v", published, want)
	}
	if key, ok := keysetOf(keyset.Keys()[4:]...).SigningKey(now); !ok || key.KID != "next" {
		t.Errorf("%q signs, %t, where no key may yet", key.KID, ok)
	}
	if _, ok := keysetOf(keyset.Keys()[5:]...).SigningKey(now); ok {
		t.Error("a key signs that was never told to")
	}
}

func TestPromisesOutliveTheirSettings(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(d time.Duration) *time.Time { moment := now.Add(d); return &moment }
	for name, c := range map[string]struct {
		promise realmconfig.Promise
		want    time.Duration
	}{
		"nothing was given out":         {realmconfig.Promise{}, 0},
		"one setting all the time":      {realmconfig.Promise{Longest: realmconfig.Duration(time.Hour)}, time.Hour},
		"a longer one a while ago":      {realmconfig.Promise{Longest: realmconfig.Duration(time.Minute), Earlier: realmconfig.Duration(time.Hour), ReplacedAt: at(-time.Minute)}, 59 * time.Minute},
		"a longer one so long ago":      {realmconfig.Promise{Longest: realmconfig.Duration(time.Minute), Earlier: realmconfig.Duration(time.Hour), ReplacedAt: at(-time.Hour)}, time.Minute},
		"a longer one for a minute yet": {realmconfig.Promise{Longest: realmconfig.Duration(time.Minute), Earlier: realmconfig.Duration(time.Hour), ReplacedAt: at(time.Minute)}, time.Hour},
		"a shorter one before":          {realmconfig.Promise{Longest: realmconfig.Duration(time.Hour), Earlier: realmconfig.Duration(time.Minute), ReplacedAt: at(time.Minute)}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.promise.Kept(now).Sub(now); got != c.want {
				t.Errorf("kept after %s, want %s", got, c.want)
			}
		})
	}
}

func TestSessionsSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later := now.Add(time.Second)
	for name, c := range map[string]struct{ notBefore, want *time.Time }{
		"nothing said":           {nil, &time.Time{}},
		"now":                    {&now, &now},
		"a time that lies ahead": {&later, &time.Time{}},
	} {
		if got := (realmconfig.Tokens{SessionsNotBefore: c.notBefore}).SessionsSince(now); !got.Equal(*c.want) {
			t.Errorf("%s: since %s, want %s", name, got, c.want)
		}
	}
}
