// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestReasonsQuoteNothing(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	cases := map[string]struct {
		err  error
		want string
	}{
		"a code of RFC 6749":       {&oauth2.RetrieveError{ErrorCode: "invalid_client", ErrorDescription: secret, Body: []byte(secret)}, "answered 0 invalid_client"},
		"a code that is a value":   {&oauth2.RetrieveError{ErrorCode: secret}, "answered 0"},
		"a library's words":        {errors.New("cannot parse " + secret), "the answer is not understood"},
		"an address with a secret": {&url.Error{Op: "Get", URL: "https://x/?code=" + secret, Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}, "dial: connection refused"},
		"a certificate":            {&url.Error{Op: "Get", URL: "https://x/?code=" + secret, Err: &tls.CertificateVerificationError{Err: errors.New("expired")}}, "tls: failed to verify certificate: expired"},
		"an answer in no order":    {&url.Error{Op: "Get", Err: errors.New("malformed HTTP response " + secret)}, "the answer is not understood"},
		"a name nobody has":        {&url.Error{Op: "Get", URL: "https://" + secret, Err: &net.DNSError{Name: secret}}, "host name not found"},
		"too late":                 {context.DeadlineExceeded, "no answer in time"},
		"our own words":            {&url.Error{Op: secret, Err: fault("its ID token is not valid")}, "its ID token is not valid"},
	}
	for name, c := range cases {
		if got := unavailable("elsewhere", "redeem code", c.err).Error(); strings.Contains(got, secret) || !strings.HasSuffix(got, ": "+c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A document is read once however many want it, and an old one makes do.
func TestCachedDocument(t *testing.T) {
	t.Parallel()
	now, reads, broken := time.Now(), atomic.Int32{}, atomic.Bool{}
	gate := make(chan struct{})
	c := &cached[int32]{now: func() time.Time { return now }, fresh: time.Minute, stale: time.Hour, read: func(context.Context) (int32, error) {
		<-gate
		if n := reads.Add(1); !broken.Load() {
			return n, nil
		}
		return 0, fault("broken")
	}}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if got, _, err := c.get(t.Context()); got != 1 || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	close(gate)
	group.Wait()
	expect := func(when string, want, wantReads int32, fails bool) {
		t.Helper()
		got, _, err := c.get(t.Context())
		if got != want || (err != nil) != fails || reads.Load() != wantReads {
			t.Errorf("%s: got %d after %d reads, %v", when, got, reads.Load(), err)
		}
	}
	now = now.Add(time.Minute)
	expect("no longer fresh", 2, 2, false)
	broken.Store(true)
	now = now.Add(time.Minute)
	expect("broken", 2, 3, false)
	expect("just found broken", 2, 3, false)
	now = now.Add(retryPause)
	expect("still broken", 2, 4, false)
	now = now.Add(time.Hour)
	expect("broken for too long", 2, 5, true)
}

func FuzzProfile(f *testing.F) {
	f.Add([]byte(`{"sub": "a", "email": "A@example.com", "email_verified": "true", "name": "Ann"}`))
	f.Add([]byte(`{"sub": 1e3, "email": ["a@example.com"], "email_verified": {}, "name": "\ud800"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, document []byte) {
		members := profile{}
		if json.Unmarshal(document, &members) != nil {
			return
		}
		for _, kind := range []realmconfig.ProviderType{realmconfig.OIDC, realmconfig.GitHub, realmconfig.Microsoft} {
			i, err := (&provider{Provider: realmconfig.Provider{Type: kind}}).identity("issuer", members)
			if err != nil {
				continue
			}
			for _, text := range []string{i.Subject, i.Email, i.Name} {
				if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r\n") || len(text) > 255 {
					t.Errorf("%s yields %q", document, text)
				}
			}
			if i.Subject == "" || i.EmailVerified && i.Email == "" {
				t.Errorf("%s yields %+v", document, i)
			}
		}
	})
}
