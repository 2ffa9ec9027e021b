// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The account of bob@example.com is there before Bob comes from his provider.
func TestIdentityJoinsAnAccountOnlyByProof(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		account string // what is true of the account, as SQL
		policy  func(*realmconfig.Provider)
		claims  map[string]any
		conceal bool
		status  int
		code    string
	}{
		"both sides have verified it":      {account: "email_verified_at = now()", status: 200},
		"the realm trusts the provider":    {account: "email_verified_at = now()", policy: trust, claims: unverified(), status: 200},
		"the provider has not verified it": {account: "email_verified_at = now()", claims: unverified(), status: 409, code: "identity_unlinked"},
		"nor does the realm tell":          {account: "email_verified_at = now()", claims: unverified(), conceal: true, status: 403, code: "identity_refused"},
		"the account has not proved it":    {account: "email_verified_at = NULL", status: 200},
		"nor has the provider":             {account: "email_verified_at = NULL", claims: unverified(), status: 409, code: "identity_unlinked"},
		"nor does the realm link": {account: "email_verified_at = NULL", policy: func(p *realmconfig.Provider) { p.LinkByEmail = false },
			status: 409, code: "identity_unlinked"},
		"the realm does not link": {account: "email_verified_at = now()", policy: func(p *realmconfig.Provider) { p.LinkByEmail = false },
			status: 409, code: "identity_unlinked"},
		"the account is disabled": {account: "email_verified_at = now(), disabled_at = now()", status: 403, code: "account_disabled"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.script(func() {
				for claim, value := range c.claims {
					u.claims[claim] = value
				}
			})
			p := u.provider("elsewhere", realmconfig.OIDC)
			if c.policy != nil {
				c.policy(&p)
			}
			r := newRealm(t)
			if c.conceal {
				r.Config.Login.UnknownUser = realmconfig.Conceal
			}
			r.withProviders(upstreamSecret, p)
			s := r.serve()
			id := query[string](r, `UPDATE users SET email = 'bob@example.com', `+c.account+` RETURNING id::text`)
			_, a := s.newBrowser().signIn("elsewhere", nil)
			a.Expect(t, c.status, c.code)
			linked := query[int](r, "SELECT count(*) FROM identities WHERE user_id = $1", id)
			events := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'identity.linked' AND target_id = $1", id)
			if want := map[bool]int{true: 1}[c.status == 200]; linked != want || events != want {
				t.Errorf("%d identities are linked in %d events, want %d", linked, events, want)
			}
			if n := query[int](r, "SELECT count(*) FROM users"); n != 1 {
				t.Errorf("there are %d users", n)
			}
			if c.status == 200 && s.profileOf(s.tokensOf(a).Access).ID != id {
				t.Error("signed in as somebody else")
			}
		})
	}
}

func trust(p *realmconfig.Provider) { p.TrustEmail = true }

func unverified() map[string]any { return map[string]any{"email_verified": false} }

// An identity is its subject, not its address; and a provider that is pointed to
// another issuer knows other people.
func TestIdentityIsTheSubjectOfAnIssuer(t *testing.T) {
	t.Parallel()
	first, second := newUpstream(t), newUpstream(t)
	r, s := serveWith(t, first.provider("elsewhere", realmconfig.OIDC))
	signIn := func() answer {
		_, a := s.newBrowser().signIn("elsewhere", nil)
		return a
	}
	bob := s.profileOf(s.tokensOf(signIn()).Access)
	first.script(func() { first.claims["email"] = "robert@example.com" })
	if again := s.profileOf(s.tokensOf(signIn()).Access); again.ID != bob.ID || again.Email != bob.Email {
		t.Errorf("with a new address, Bob is %+v", again)
	}
	query[string](r, "UPDATE users SET disabled_at = now() WHERE id = $1 RETURNING id::text", bob.ID)
	signIn().Expect(t, http.StatusForbidden, "account_disabled")

	second.script(func() { second.claims["email"] = "mallory@example.com" })
	r.Config.Providers[0].Issuer = second.server.URL
	r.Update()
	stranger := answer{}
	s.eventually("the other issuer is asked", func() bool {
		stranger = signIn()
		return stranger.Status == http.StatusOK
	})
	if got := s.profileOf(s.tokensOf(stranger).Access); got.ID == bob.ID || got.Email != "mallory@example.com" {
		t.Errorf("the same subject elsewhere is %+v", got)
	}
}

func TestSecondFactorIsStillAsked(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	b := s.newBrowser()
	_, a := b.signIn("elsewhere", nil)
	access := s.tokensOf(a).Access
	enrolled := s.enrol(access)

	_, direct := b.signIn("elsewhere", nil)
	address, _ := b.signIn("elsewhere", url.Values{"return_to": {appURL}})
	for name, a := range map[string]answer{"the callback": direct, "the exchange": s.exchange(address, "")} {
		if strings.Contains(a.Body, "access_token") {
			t.Errorf("%s answered %d %s", name, a.Status, a.Body)
		}
		asked := decode[challenge](t, a, http.StatusOK)
		suite.secrets.used(asked.SessionID)
		s.tokensOf(s.validate(asked, s.shown(enrolled.Secret)))
		s.nextStep()
	}
}

// exchange redeems the code that a browser was sent back with.
func (s *server) exchange(address, verifier string) answer {
	s.t.Helper()
	back, err := url.Parse(address)
	if err != nil || back.Query().Get("code") == "" {
		s.t.Fatalf("no code: %s", address)
	}
	suite.secrets.used(back.Query().Get("code"))
	body := map[string]string{"code": back.Query().Get("code")}
	if verifier != "" {
		suite.secrets.used(verifier)
		body["code_verifier"] = verifier
	}
	return s.post("/api/auth/oauth/token", body)
}

func TestOneTimeCodeIsForWhoeverBegan(t *testing.T) {
	t.Parallel()
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	u := newUpstream(t)
	r, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	begin := func(challenge string) string {
		t.Helper()
		address, _ := s.newBrowser().signIn("elsewhere", url.Values{"return_to": {appURL}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}})
		return address
	}
	cases := map[string]struct {
		challenge, verifier string
		late                time.Duration
		code                string
	}{
		"no challenge, no verifier":       {},
		"the right verifier":              {challenge: challenge, verifier: verifier},
		"a wrong verifier":                {challenge: challenge, verifier: strings.Repeat("a", 43), code: "oauth_code_invalid"},
		"the challenge as verifier":       {challenge: challenge, verifier: challenge, code: "oauth_code_invalid"},
		"no verifier":                     {challenge: challenge, code: "oauth_code_invalid"},
		"a verifier that nobody asks for": {verifier: verifier, code: "oauth_code_invalid"},
		"too late":                        {late: time.Minute, code: "oauth_code_invalid"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			address := begin(c.challenge)
			r.Clock.Advance(c.late)
			a := s.exchange(address, c.verifier)
			if c.code == "" {
				s.tokensOf(a)
			} else {
				a.Expect(t, http.StatusBadRequest, c.code)
			}
			s.exchange(address, verifier).Expect(t, http.StatusBadRequest, "oauth_code_invalid")
		})
	}
	for name, q := range map[string]url.Values{
		"a challenge that is none": {"return_to": {appURL}, "code_challenge": {"short"}},
		"a plain challenge":        {"return_to": {appURL}, "code_challenge": {challenge}, "code_challenge_method": {"plain"}},
		"another site":             {"return_to": {"https://evil.example/"}},
	} {
		if _, a := s.newBrowser().signIn("elsewhere", q); a.Status != http.StatusBadRequest || a.Header.Get("Location") != "" {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
	u.script(func() { u.answer = func(q url.Values) { q.Set("error", "access_denied") } })
	if got := begin(""); got != appURL+"?error=provider_refused&error_reason=declined" {
		t.Errorf("a refusal goes back as %s", got)
	}
}

func TestUsersLinkAndUnlinkIdentities(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	other.script(func() { other.addresses[1]["email"] = "robert@example.com" })
	r, s := serveWith(t, u.provider("first", realmconfig.OIDC), other.provider("second", realmconfig.GitHub))
	b := s.newBrowser()
	_, a := b.signIn("first", nil)
	access := s.tokensOf(a).Access
	list := func() []linkedIdentity {
		t.Helper()
		return decode[identities](t, s.as(access, http.MethodGet, "/api/user/identities", nil), http.StatusOK).Identities
	}
	unlink := func(id string) answer {
		return s.as(access, http.MethodDelete, "/api/user/identities/"+id, nil)
	}
	first := list()
	if len(first) != 1 || first[0].Provider != "first" || first[0].Email != "bob@example.com" {
		t.Fatalf("identities are %+v", first)
	}
	unlink(first[0].ID).Expect(t, http.StatusConflict, "last_identity")
	unlink("0195d5a0-0000-7000-8000-000000000000").Expect(t, http.StatusNotFound, "not_found")
	r.givePassword("bob@example.com")

	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	begin := func(access, provider, returnTo string) answer {
		return s.as(access, http.MethodPost, "/api/user/identities/"+provider, map[string]string{
			"return_to": returnTo, "code_challenge": challenge, "password": adminPassword,
		})
	}
	link := func(access string) string { // an address for the browser
		t.Helper()
		address := decode[struct {
			URL string `json:"authorization_url"`
		}](t, begin(access, "second", appURL), http.StatusOK).URL
		suite.secrets.used(queryOf(t, address, "link"))
		return address
	}
	found := func(b *browser, access string) string { // a code for the application
		t.Helper()
		to, _ := b.follow(link(access))
		suite.secrets.used(queryOf(t, to, "code"))
		return queryOf(t, to, "code")
	}
	finish := func(access, code, verifier string) answer {
		return s.as(access, http.MethodPost, "/api/user/identities", map[string]string{"code": code, "code_verifier": verifier})
	}
	begin("nonsense", "second", appURL).Expect(t, http.StatusUnauthorized, "token_invalid")
	begin(access, "third", appURL).Expect(t, http.StatusNotFound, "provider_unknown")
	begin(access, "second", "https://evil.example/").Expect(t, http.StatusBadRequest, "return_url_refused")

	// Somebody who is led to another's address ends with a code that is no good:
	// their own account may not take it, nor can they sign in with it.
	admin := s.login().Access
	lured := found(s.newBrowser(), access)
	s.post("/api/auth/oauth/token", map[string]string{"code": lured, "code_verifier": verifier}).Expect(t, http.StatusBadRequest, "oauth_code_invalid")
	finish(admin, lured, verifier).Expect(t, http.StatusBadRequest, "oauth_code_invalid")
	finish(access, lured, verifier).Expect(t, http.StatusBadRequest, "oauth_code_invalid") // used up
	finish(access, found(b, access), strings.Repeat("a", 43)).Expect(t, http.StatusBadRequest, "oauth_code_invalid")
	signedIn, _ := b.signIn("first", url.Values{"return_to": {appURL}})
	finish(access, queryOf(t, signedIn, "code"), "").Expect(t, http.StatusBadRequest, "oauth_code_invalid")

	// The address works once, for its provider.
	address := link(access)
	_, a = b.follow(strings.Replace(address, "/second?", "/first?", 1))
	a.Expect(t, http.StatusBadRequest, "state_invalid")
	_, a = b.follow(address)
	a.Expect(t, http.StatusBadRequest, "state_invalid")
	_, a = b.follow(issuer + "/api/auth/oauth/second?link=nonsense")
	a.Expect(t, http.StatusBadRequest, "state_invalid")

	// Fifty at once take it once; again, it is theirs already.
	mine := found(b, access)
	if taken := together(50, func() answer { return finish(access, mine, verifier) }, http.StatusNoContent); len(taken) != 1 {
		t.Fatalf("%d took the identity", len(taken))
	}
	if a := finish(access, found(b, access), verifier); a.Status != http.StatusNoContent {
		t.Errorf("linking it again answered %d %s", a.Status, a.Body)
	}
	if both := list(); len(both) != 2 || both[1].Provider != "second" {
		t.Fatalf("identities are %+v", both)
	}
	_, a = s.newBrowser().signIn("second", nil)
	if got := s.profileOf(s.tokensOf(a).Access); got.Email != "bob@example.com" {
		t.Errorf("the linked identity signs in %+v", got)
	}

	// It is taken now, and the admin cannot have it.
	finish(admin, found(s.newBrowser(), admin), verifier).Expect(t, http.StatusConflict, "identity_taken")
	s.as(admin, http.MethodDelete, "/api/user/identities/"+first[0].ID, nil).Expect(t, http.StatusNotFound, "not_found")
	if a := unlink(first[0].ID); a.Status != http.StatusNoContent {
		t.Errorf("unlinking answered %d %s", a.Status, a.Body)
	}

	other.script(func() { other.answer = func(q url.Values) { q.Set("error", "access_denied") } })
	if to, _ := b.follow(link(access)); to != appURL+"?error=provider_refused&error_reason=declined" {
		t.Errorf("a refusal goes back as %s", to)
	}
}

func queryOf(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Query().Get(name) == "" {
		t.Fatalf("no %s in %s", name, address)
	}
	return u.Query().Get(name)
}

type linkedIdentity struct{ ID, Provider, Email string }

type identities struct{ Identities []linkedIdentity }

// Of two identities that go at once, one stays: the user has no password.
func TestTheLastIdentityStays(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	r, s := serveWith(t, u.provider("first", realmconfig.OIDC), other.provider("second", realmconfig.GitHub))
	for round := range 10 {
		email := "bob@example.com"
		_, a := s.newBrowser().signIn("first", nil)
		access := s.tokensOf(a).Access
		s.newBrowser().signIn("second", nil) // joins by its address
		list := decode[identities](t, s.as(access, http.MethodGet, "/api/user/identities", nil), http.StatusOK).Identities
		if len(list) != 2 {
			t.Fatalf("round %d: %d identities", round, len(list))
		}
		turn := make(chan string, 50)
		for i := range 50 {
			turn <- list[i%2].ID
		}
		removed := together(50, func() answer {
			return s.as(access, http.MethodDelete, "/api/user/identities/"+<-turn, nil)
		}, http.StatusNoContent)
		if left := query[int](r, "SELECT count(*) FROM identities"); len(removed) != 1 || left != 1 {
			t.Fatalf("round %d: %d were removed, %d are left", round, len(removed), left)
		}
		query[string](r, "DELETE FROM users WHERE email = $1 RETURNING id::text", email)
	}
}
