// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// stamp is a Sealer that anybody could imitate: what matters here is only what
// becomes of what it opens.
type stamp struct{}

func (stamp) Seal(purpose, owner string, value []byte) ([]byte, error) {
	return append([]byte(purpose+owner), value...), nil
}

func (stamp) Open(purpose, owner string, sealed []byte) ([]byte, error) {
	value, found := bytes.CutPrefix(sealed, []byte(purpose+owner))
	if !found {
		return nil, errors.New("foreign")
	}
	return value, nil
}

func FuzzDeviceToken(f *testing.F) {
	s := &Service{Sealer: stamp{}, Realm: auth.Realm{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}}
	genuine, err := s.sealDevice(device{ID: "d", UserID: "u", LoggedInAt: s.Now()})
	if err != nil {
		f.Fatal(err)
	}
	sealed := func(document string) string {
		return deviceTokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(sealedForDevice+document))
	}
	for _, seed := range []string{
		string(genuine), "", "rkd_", "rkd_AAAA", "rkr_AAAA", "rkd_\r\n", sealed("{"), sealed("null"),
		sealed(`{"id": ""}`), sealed(`{"id": "d", "user": "", "at": "9999-12-31T23:59:59Z"}`), sealed(`{"at": "0000-01-01T00:00:00Z"}`),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		d, ok := s.openDevice(auth.Secret(token))
		if ok && (d.ID == "" || len(token) > MaxDeviceTokenLength) {
			t.Errorf("opened %+v", d)
		}
		if _, known := s.deviceOf(auth.User{ID: "u"}, auth.Client{Device: auth.Secret(token)}); known && (!ok || d.UserID != "u") {
			t.Errorf("%+v is known to u", d)
		}
	})
}

func TestSource(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7":              "203.0.113.7",
		"2001:db8:1:2:3:4:5:6":     "2001:db8:1:2::/64",
		"2001:db8:1:2::":           "2001:db8:1:2::/64",
		"fe80::1%eth0":             "fe80::/64",
		"::1":                      "::/64",
		"":                         "",
		"not an address, but kept": "not an address, but kept",
	} {
		if got := (auth.Client{Address: address}).Source(); got != want {
			t.Errorf("%q counts as %q, want %q", address, got, want)
		}
	}
}
