// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// heldBack are the headers by which a gateway says which request it asks about.
func heldBack(method, scheme, host, uri string) http.Header {
	return http.Header{"X-Forwarded-Method": {method}, "X-Forwarded-Proto": {scheme}, "X-Forwarded-Host": {host}, "X-Forwarded-Uri": {uri}}
}

func TestGatewaysWantTheKeyOfABoundToken(t *testing.T) {
	t.Parallel()
	c := newWebClient(withItself)
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, h, thief := s.newApplication(c, "openid"), s.newKeyholder(jwt.SigningMethodES256), s.newKeyholder(jwt.SigningMethodES256)
	f := a.newFlow()
	access := boundTo(t, f.signInBy(h, f.address()), h.thumbprint).AccessToken
	unbound := boundTo(t, a.token(itself()), "").AccessToken
	const at = "https://app.example.com:8443/orders/a%2fb"
	told := heldBack("DELETE", "https", "app.example.com:8443", "/orders/a%2Fb?force=yes")
	ask := func(scheme, access string, header http.Header, proofs ...string) answer {
		t.Helper()
		return s.shows("/api/auth/verify?client="+c.ID, scheme, access, header, proofs...)
	}
	without := func(name string) http.Header {
		header := told.Clone()
		header.Del(name)
		return header
	}
	proof := func(change ...func(*dpopProof)) string {
		return h.proof("DELETE", at, access, append(change, claiming("nonce", nil))...)
	}
	shown := proof()
	got := ask("DPoP", access, told, shown)
	if got.Status != http.StatusOK || got.Header.Get("X-Auth-Client-Id") != c.ID || got.Header.Get("X-Auth-User-Id") == "" {
		t.Fatalf("the client is answered %d %s", got.Status, got.Body)
	}
	for name, w := range map[string]struct {
		answer answer
		reason string
	}{
		"as anybody's":                {ask("Bearer", access, told), "token_bound"},
		"as anybody's, with a proof":  {ask("Bearer", access, told, proof()), "token_bound"},
		"without a proof":             {ask("DPoP", access, told), "proof_refused"},
		"with a proof that was shown": {ask("DPoP", access, told, shown), "proof_refused"},
		"with two":                    {ask("DPoP", access, told, proof(), proof()), "proof_refused"},
		"with another key":            {ask("DPoP", access, told, thief.proof("DELETE", at, access)), "proof_refused"},
		"of another method":           {ask("DPoP", access, told, proof(claiming("htm", "GET"))), "proof_refused"},
		"of another path":             {ask("DPoP", access, told, proof(claiming("htu", "https://app.example.com:8443/orders/a/b"))), "proof_refused"},
		"of another host":             {ask("DPoP", access, told, proof(claiming("htu", "https://app.example.com/orders/a%2fb"))), "proof_refused"},
		"of the question":             {ask("DPoP", access, told, h.proof("GET", issuer+"/api/auth/verify", access)), "proof_refused"},
		"of another token":            {ask("DPoP", access, told, proof(claiming("ath", tokenHash(unbound)))), "proof_refused"},
		"that is old":                 {ask("DPoP", access, told, proof(claiming("iat", r.Clock.Now().Add(-2*time.Minute).Unix()))), "proof_refused"},
		"that is ahead":               {ask("DPoP", access, told, proof(claiming("iat", r.Clock.Now().Add(time.Minute).Unix()))), "proof_refused"},
		"by a silent gateway":         {ask("DPoP", access, nil, proof()), "request_unknown"},
		"without the method":          {ask("DPoP", access, without("X-Forwarded-Method"), proof()), "request_unknown"},
		"without the host":            {ask("DPoP", access, without("X-Forwarded-Host"), proof()), "request_unknown"},
		"another one as if bound":     {ask("DPoP", unbound, told, h.proof("DELETE", at, unbound)), "token_bound"},
		"the realm's own as if bound": {ask("DPoP", s.login().Access, told, proof()), "token_bound"},
	} {
		w.answer.Expect(t, http.StatusUnauthorized, "token_invalid")
		if w.answer.Problem.Reason != w.reason || !strings.HasPrefix(w.answer.Header.Get("WWW-Authenticate"), "DPoP ") {
			t.Errorf("%s: answered %s, %s", name, w.answer.Header.Get("WWW-Authenticate"), w.answer.Body)
		}
	}
	for _, path := range []string{"/api/auth/verify", "/api/user/profile"} { // where no token of a client opens anything
		s.shows(path, "DPoP", access, told, proof()).Expect(t, http.StatusUnauthorized, "token_invalid")
	}
	if got := ask("Bearer", unbound, nil); got.Status != http.StatusOK {
		t.Errorf("another token is answered %d %s", got.Status, got.Body)
	}
}
