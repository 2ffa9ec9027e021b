// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func at(d time.Duration) *time.Time { moment := noon().Add(d); return &moment }

// newKey is one of an algorithm, made and signing so long ago.
func newKey(t testing.TB, algorithm realmconfig.Algorithm, ago time.Duration) realmconfig.Key {
	t.Helper()
	var signer crypto.Signer
	var err error
	switch algorithm {
	case realmconfig.RS256:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case realmconfig.EdDSA:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := realmconfig.NewKey(signer, noon().Add(-ago))
	if err != nil {
		t.Fatal(err)
	}
	key.SignFrom = at(-ago)
	return key
}

func retired(k realmconfig.Key, until time.Duration) realmconfig.Key {
	k.VerifyUntil = at(until)
	return k
}

func unsigned(k realmconfig.Key) realmconfig.Key {
	k.SignFrom = nil
	return k
}

func ids(keys []realmconfig.Key) []string {
	kids := []string{}
	for _, k := range keys {
		kids = append(kids, k.KID)
	}
	return kids
}

// many is a realm that signs access tokens with ES256, which has done so with EdDSA
// before, and that signs ID tokens with RS256, with newer keys than any.
func many(t testing.TB) realmconfig.Keyset {
	t.Helper()
	keyset := keysetOf(newKey(t, realmconfig.ES256, 2*time.Hour), unsigned(newKey(t, realmconfig.ES256, time.Minute)))
	keyset.Families[0].Access.SignFrom = at(-time.Hour)
	keyset.Families = append(keyset.Families,
		realmconfig.Family{
			Algorithm: realmconfig.EdDSA, StoppedAt: at(-time.Hour),
			Keys:   []realmconfig.Key{newKey(t, realmconfig.EdDSA, 3*time.Hour)},
			Access: &realmconfig.Access{TakenFrom: *at(-3 * time.Hour), SignFrom: at(-3 * time.Hour), TakenUntil: at(time.Hour)},
		},
		realmconfig.Family{Algorithm: realmconfig.RS256, Keys: []realmconfig.Key{
			retired(newKey(t, realmconfig.RS256, 9*time.Hour), time.Minute), newKey(t, realmconfig.RS256, time.Minute), unsigned(newKey(t, realmconfig.RS256, 0)),
		}})
	if err := keyset.Validate(); err != nil {
		t.Fatal(err)
	}
	return keyset
}

func TestFamiliesSignAndStopByThemselves(t *testing.T) {
	t.Parallel()
	keyset := many(t)
	ec, okp, rs := keyset.Families[0].Keys, keyset.Families[1].Keys, keyset.Families[2].Keys
	var r realmconfig.Report
	r.NoteKeys(keyset, noon())
	if r.SigningKeyID != ec[0].KID {
		t.Errorf("%s signs access tokens", r.SigningKeyID)
	}
	if want := map[realmconfig.Algorithm]string{realmconfig.ES256: ec[0].KID, realmconfig.RS256: rs[1].KID}; !reflect.DeepEqual(r.SigningKeyIDs, want) {
		t.Errorf("sign are %v, want %v", r.SigningKeyIDs, want)
	}
	if want := []string{okp[0].KID, rs[0].KID}; !slices.Equal(r.StoppedKeyIDs, want) {
		t.Errorf("stopped have %v, want %v", r.StoppedKeyIDs, want)
	}
	if len(r.KeyIDs) != 6 {
		t.Errorf("published are %v", r.KeyIDs)
	}
	for name, c := range map[string]struct {
		kid   string
		at    time.Duration
		taken bool
	}{
		"of the family that signs them":        {ec[0].KID, 0, true},
		"of its key that is to come":           {ec[1].KID, 0, true},
		"of the family before":                 {okp[0].KID, 0, true},
		"of the family before, when all is up": {okp[0].KID, time.Hour, false},
		"of a family that signs others":        {rs[1].KID, 0, false},
		"of no key":                            {"", 0, false},
	} {
		if got := keyset.TakesAccess(c.kid, *at(c.at)); got != c.taken {
			t.Errorf("an access token %s is taken: %t", name, got)
		}
	}
	// A clock that is behind sees what was before, and no moment at which nothing signs.
	if k, signs := keyset.SigningKey(*at(-time.Hour - 1)); !signs || k.KID != okp[0].KID {
		t.Errorf("%q signs a moment before the others, %t", k.KID, signs)
	}
}

// TestServersOfTheReleaseBeforeReadTheSame: they sign access tokens with the same
// key, never with one of another family, and publish everything.
func TestServersOfTheReleaseBeforeReadTheSame(t *testing.T) {
	t.Parallel()
	keyset := many(t)
	earlier := keyset.Earlier()
	if err := earlier.Validate(); err != nil || earlier.Version != realmconfig.Version {
		t.Fatal(err, earlier.Version)
	}
	if got, want := ids(earlier.Keys), ids(keyset.Keys()); !slices.Equal(got, want) {
		t.Errorf("keys are %v, want %v", got, want)
	}
	signing, signs := (realmconfig.Family{Keys: earlier.Keys}).SigningKey(noon()) // as the release before chose it
	if want, _ := keyset.SigningKey(noon()); !signs || signing.KID != want.KID {
		t.Errorf("%s signs, want %s", signing.KID, want.KID)
	}
	document, err := realmconfig.Encode(earlier)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"families", "access", "stoppedAt"} {
		if strings.Contains(string(document), word) {
			t.Errorf("it has a field %q, which they refuse", word)
		}
	}
	back := earlier.Keyset()
	if err := back.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, f := range keyset.Families {
		again, _ := back.Family(f.Algorithm)
		was, did := f.SigningKey(noon())
		is, does := again.SigningKey(noon())
		if !slices.Equal(ids(again.Keys), ids(f.Keys)) || did && (!does || is.KID != was.KID) {
			t.Errorf("%s comes back as %+v", f.Algorithm, again)
		}
	}
	if k, _ := back.SigningKey(noon()); k.KID != signing.KID {
		t.Errorf("%s signs access tokens when it is read again", k.KID)
	}
}

// TestAnEarlierKeysetBecomesFamilies: no key changes, and what signs goes on.
func TestAnEarlierKeysetBecomesFamilies(t *testing.T) {
	t.Parallel()
	one := newKey(t, realmconfig.ES256, 3*time.Hour)
	two, three := newKey(t, realmconfig.ES256, 2*time.Hour), newKey(t, realmconfig.EdDSA, time.Hour)
	for name, c := range map[string]struct {
		keys    []realmconfig.Key
		signs   string
		stopped []string
		taken   []string
	}{
		"one key":                      {[]realmconfig.Key{one}, one.KID, nil, []string{one.KID}},
		"a pending key alone":          {[]realmconfig.Key{unsigned(one)}, "", nil, []string{one.KID}},
		"a rotation":                   {[]realmconfig.Key{one, unsigned(two)}, one.KID, nil, []string{one.KID, two.KID}},
		"a rotation that has been":     {[]realmconfig.Key{retired(one, time.Hour), two}, two.KID, []string{one.KID}, []string{one.KID, two.KID}},
		"an algorithm that is to come": {[]realmconfig.Key{two, unsigned(three)}, two.KID, nil, []string{two.KID, three.KID}},
		"an algorithm that has come":   {[]realmconfig.Key{two, three}, three.KID, []string{two.KID}, []string{two.KID, three.KID}},
		"an algorithm that went":       {[]realmconfig.Key{retired(two, time.Hour), three}, three.KID, []string{two.KID}, []string{two.KID, three.KID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			earlier := realmconfig.EarlierKeyset{Version: realmconfig.Version, Keys: c.keys}
			keyset := earlier.Keyset()
			if err := keyset.Validate(); err != nil {
				t.Fatal(err)
			}
			if got := keyset.Keys(); !reflect.DeepEqual(got, c.keys) {
				t.Errorf("keys are %+v, want %+v", got, c.keys)
			}
			if k, _ := keyset.SigningKey(noon()); k.KID != c.signs {
				t.Errorf("%q signs, want %q", k.KID, c.signs)
			}
			if got := ids(keyset.Stopped(noon())); !slices.Equal(got, append([]string{}, c.stopped...)) {
				t.Errorf("stopped have %v, want %v", got, c.stopped)
			}
			for _, kid := range c.taken {
				if !keyset.TakesAccess(kid, noon()) {
					t.Errorf("access tokens of %s are refused", kid)
				}
			}
		})
	}
}

func TestReadKeyset(t *testing.T) {
	t.Parallel()
	keyset := many(t)
	document, besides := encoded(t, keyset), encoded(t, keyset.Earlier())
	rotated := realmconfig.EarlierKeyset{Version: realmconfig.Version, Keys: append(keyset.Earlier().Keys, newKey(t, realmconfig.ES256, 0))}
	for name, c := range map[string]struct {
		document, earlier []byte
		want              realmconfig.Keyset
		problem           string
	}{
		"what belongs together":                  {document, besides, keyset, ""},
		"what a release before has not seen":     {document, nil, keyset, ""},
		"what somebody has spoilt beside it":     {document, []byte("{}"), keyset, ""},
		"what a release before has made":         {nil, besides, keyset.Earlier().Keyset(), ""},
		"what a release before has gone on from": {document, encoded(t, rotated), rotated.Keyset(), ""},
		"what nobody can read":                   {[]byte("{}"), besides, realmconfig.Keyset{}, "version: is 0"},
		"nothing":                                {nil, nil, realmconfig.Keyset{}, "is not complete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := realmconfig.ReadKeyset(c.document, c.earlier)
			expectProblem(t, err, c.problem)
			if c.problem == "" && string(encoded(t, got)) != string(encoded(t, c.want)) {
				t.Errorf("read is %+v, want %+v", got, c.want)
			}
		})
	}
}

func encoded(t testing.TB, document any) []byte {
	t.Helper()
	data, err := realmconfig.Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func FuzzReadKeyset(f *testing.F) {
	keyset := many(f)
	document, earlier := encoded(f, keyset), encoded(f, keyset.Earlier())
	f.Add(document, earlier)
	f.Add([]byte(nil), earlier)
	f.Add([]byte(`{"version":2,"families":[{"algorithm":"ES256","keys":[]}]}`), []byte(`{"version":1,"keys":[{}]}`))
	f.Fuzz(func(t *testing.T, document, earlier []byte) {
		keyset, err := realmconfig.ReadKeyset(document, earlier)
		if err != nil {
			return
		}
		if err := keyset.Validate(); err != nil {
			t.Errorf("it reads what is not valid: %v", err)
		}
		if err := keyset.Earlier().Validate(); err != nil {
			t.Errorf("servers of the release before refuse it: %v", err)
		}
		var r realmconfig.Report
		r.NoteKeys(keyset, noon())
	})
}
