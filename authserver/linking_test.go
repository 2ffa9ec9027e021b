// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// givePassword lets a user sign in with the admin's password too.
func (r *realm) givePassword(email string) {
	r.t.Helper()
	r.Exec("UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE email = $1) WHERE email = $2", adminEmail, email)
}

// A stolen access token gives nobody a way in that lasts.
func TestLinkingTakesProof(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r := newMailingRealm(t)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	s := r.serve()
	access := s.login().Access
	begin := func(access string, proof map[string]string) answer {
		body := map[string]string{"return_to": appURL}
		for name, value := range proof {
			body[name] = value
		}
		return s.as(access, http.MethodPost, "/api/user/identities/elsewhere", body)
	}
	r.Clock.Advance(longAgo)
	begin(access, nil).Expect(t, http.StatusForbidden, "proof_required")
	begin(access, map[string]string{"password": wrongPassword}).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	begin(access, map[string]string{"code": "000000"}).Expect(t, http.StatusUnauthorized, "code_invalid")
	begin(access, map[string]string{"password": adminPassword}).Expect(t, http.StatusOK, "")

	app := s.enrol(s.proves(access, password(adminPassword)).Access)
	begun := begin(access, map[string]string{"code": s.shown(app.Secret)})
	address := decode[struct {
		URL string `json:"authorization_url"`
	}](t, begun, http.StatusOK).URL
	suite.secrets.used(queryOf(t, address, "link"))
	back, _ := s.newBrowser().follow(address)
	suite.secrets.used(queryOf(t, back, "code"))
	s.as(access, http.MethodPost, "/api/user/identities", map[string]string{"code": queryOf(t, back, "code")}).Expect(t, http.StatusNoContent, "")
	if told := r.lastLetter(adminEmail, auth.IdentityLinkedMessage); !strings.Contains(told.Text, "elsewhere") {
		t.Errorf("the mail is\n%s", told.Text)
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'proof.given' AND outcome = 'invalid_credentials'"); got != 1 {
		t.Errorf("%d wrong proofs are in the audit trail, want 1", got)
	}
}

// Whoever came from a provider alone has no password to prove themselves by.
func TestLinkingTakesAPasswordToHave(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	_, s := serveWith(t, u.provider("first", realmconfig.OIDC), other.provider("second", realmconfig.OIDC))
	_, a := s.newBrowser().signIn("first", nil)
	body := map[string]string{"return_to": appURL, "password": adminPassword}
	s.as(s.tokensOf(a).Access, http.MethodPost, "/api/user/identities/second", body).Expect(t, http.StatusUnauthorized, "invalid_credentials")
}

// Joining by an address is told, too: whoever owns the account may not be whoever came.
func TestJoiningByAddressIsTold(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.script(func() { u.claims["email"] = adminEmail })
	r := newMailingRealm(t)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	r.Exec("UPDATE users SET email_verified_at = now()")
	_, a := r.serve().newBrowser().signIn("elsewhere", nil)
	a.Expect(t, http.StatusOK, "")
	kinds := []auth.MessageKind{}
	for _, l := range r.letters(adminEmail) {
		kinds = append(kinds, l.kind)
	}
	if len(kinds) == 0 || kinds[0] != auth.IdentityLinkedMessage {
		t.Errorf("the owner was sent %v", kinds)
	}
}
