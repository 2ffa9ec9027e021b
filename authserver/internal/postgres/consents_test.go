// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// clientSince is when the shop came to be, as its document says it.
var clientSince = start.Add(-time.Hour + 1234567*time.Nanosecond)

func consentTo(userID string, scopes ...string) grant.Consent {
	return grant.Consent{UserID: userID, ClientID: appTerms.ClientID, ClientSince: clientSince, Scopes: scopes}
}

func question() auth.OneTimeToken {
	return auth.OneTimeToken{Hash: randomHash(), Kind: auth.ConsentToken, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
}

func agree(t *testing.T, s *postgres.Store, c grant.Consent) {
	t.Helper()
	if first, err := s.RememberConsent(t.Context(), c, question(), told(auth.ActGiveConsent)); err != nil || !first {
		t.Fatalf("remembered %t, %v", first, err)
	}
}

func agreed(t *testing.T, s *postgres.Store, c grant.Consent) bool {
	t.Helper()
	given, err := s.ConsentGiven(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return given
}

func TestAConsentIsASet(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	ann := userOf(t, s).ID
	if agreed(t, s, consentTo(ann)) {
		t.Error("somebody has agreed to nothing at all")
	}
	agree(t, s, consentTo(ann, "email", "openid"))
	agree(t, s, consentTo(ann, "openid", "profile"))
	other, later, microsecond := consentTo(ann, "openid"), consentTo(ann, "openid"), consentTo(ann, "openid")
	other.ClientID = "apps.other"
	later.ClientSince = clientSince.Add(time.Second)
	microsecond.ClientSince = clientSince.Truncate(time.Microsecond)
	for name, c := range map[string]struct {
		consent grant.Consent
		given   bool
	}{
		"nothing":                          {consentTo(ann), true},
		"less":                             {consentTo(ann, "openid"), true},
		"what was agreed to at two times":  {consentTo(ann, "email", "openid", "profile"), true},
		"more":                             {consentTo(ann, "email", "groups"), false},
		"somebody else's":                  {consentTo(uuid.NewString(), "openid"), false},
		"another client's":                 {other, false},
		"a later client's of that name":    {later, false},
		"the same, as PostgreSQL keeps it": {microsecond, true},
	} {
		if got := agreed(t, s, c.consent); got != c.given {
			t.Errorf("%s: %t", name, got)
		}
	}
	agree(t, s, later)
	if agreed(t, s, consentTo(ann, "openid")) || !agreed(t, s, later) {
		t.Error("the later client has not taken the place of the former")
	}
	later.Scopes = []string{"email"}
	if agreed(t, s, later) {
		t.Error("the later client has inherited something")
	}
	if n := count(t, url, "consents"); n != 1 {
		t.Errorf("there are %d consents", n)
	}
	agree(t, s, other)
	list, err := s.PermissionsOf(t.Context(), ann, start, time.Time{})
	if err != nil || len(list) != 2 || list[0].ClientID != "apps.other" || !slices.Equal(list[1].Scopes, []string{"openid"}) || list[1].ClientSince == nil {
		t.Errorf("the list is %+v, %v", list, err)
	}
	if first, err := s.RememberConsent(t.Context(), consentTo(uuid.NewString(), "openid"), question(), told(auth.ActGiveConsent)); err != nil || first {
		t.Errorf("nobody has agreed: %t, %v", first, err)
	}
}

func TestAQuestionIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	ann := userOf(t, s).ID
	for range rounds {
		asked := question()
		before := count(t, url, "audit_events WHERE action = 'consent.given'")
		if won := race(t, func(i int) (bool, error) {
			return s.RememberConsent(t.Context(), consentTo(ann, fmt.Sprintf("scope-%d", i)), asked, told(auth.ActGiveConsent))
		}); won != 1 {
			t.Errorf("%d have answered", won)
		}
		if n := count(t, url, "audit_events WHERE action = 'consent.given'") - before; n != 1 {
			t.Errorf("%d are told of", n)
		}
	}
}

// Answers to different questions at once add up.
func TestConsentsAtOnceAddUp(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	login(t, s, 1, start)
	ann, all := userOf(t, s).ID, make([]string, callers)
	for i := range all {
		all[i] = fmt.Sprintf("scope-%d", i)
	}
	if won := race(t, func(i int) (bool, error) {
		return s.RememberConsent(t.Context(), consentTo(ann, all[i]), question(), told(auth.ActGiveConsent))
	}); won != callers {
		t.Errorf("%d have agreed", won)
	}
	if !agreed(t, s, consentTo(ann, all...)) {
		t.Error("some have not been remembered")
	}
}

// A code that was given for a consent begins nothing once that is taken back, or covers it
// no longer.
func TestACodeNeedsTheConsentThatItWasGivenFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		agreed []string
		begins bool
	}{
		"which is there":         {[]string{"email", "openid"}, true},
		"which is there, larger": {[]string{"email", "openid", "profile"}, true},
		"which is there in part": {[]string{"openid"}, false},
		"which is not there":     {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			browser := login(t, s, 1, start)
			if c.agreed != nil {
				agree(t, s, consentTo(userOf(t, s).ID, c.agreed...))
			}
			code := askedCode(t, s, browser)
			_, begun, err := s.UseAuthorizationCode(t.Context(), redemption(code), told(auth.ActBeginGrant))
			if err != nil || begun != c.begins {
				t.Errorf("begun %t, %v", begun, err)
			}
			if _, begun, err = s.UseAuthorizationCode(t.Context(), redemption(code), told(auth.ActBeginGrant)); err != nil || begun {
				t.Errorf("begun once more: %t, %v", begun, err)
			}
		})
	}
}

// askedCode is one of somebody who was asked, for the browser to go on without.
func askedCode(t *testing.T, s *postgres.Store, sessionID string) grant.Code {
	t.Helper()
	c := grant.Code{
		Hash: randomHash(), UserID: userOf(t, s).ID, SessionID: sessionID, RedirectURI: appURI, Challenge: appChallenge, Offline: true,
		CreatedAt: start, ExpiresAt: start.Add(time.Minute), Consented: []string{"email", "openid"},
		Authorization: grant.Authorization{ClientID: appTerms.ClientID, Scopes: []string{"openid", "email"}, Audience: []string{"apps.shop"}},
	}
	if _, issued, err := s.IssueAuthorizationCode(t.Context(), c); err != nil || !issued {
		t.Fatalf("issued %t, %v", issued, err)
	}
	return c
}

// Whoever takes back what an application may do while it exchanges codes leaves it nothing.
func TestNoGrantBeginsBehindTheBackOfItsEnd(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	browser := login(t, s, 1, start)
	ann := userOf(t, s).ID
	for range rounds {
		agree(t, s, consentTo(ann, "email", "openid"))
		codes := make([]grant.Code, callers)
		for i := range codes {
			codes[i] = askedCode(t, s, browser)
		}
		race(t, func(i int) (bool, error) {
			if i != callers/2 {
				_, begun, err := s.UseAuthorizationCode(t.Context(), redemption(codes[i]), told(auth.ActBeginGrant))
				return begun, err
			}
			if forgotten, err := s.ForgetConsent(t.Context(), ann, appTerms.ClientID, told(auth.ActRevokeConsent)); err != nil || !forgotten {
				return forgotten, err
			}
			_, err := s.EndGrantsOf(t.Context(), ann, appTerms.ClientID, session.EndedByUser, start, told(auth.ActEndGrant))
			return true, err
		})
		if n := count(t, url, "grants WHERE ended_at IS NULL"); n != 0 {
			t.Errorf("%d grants live", n)
		}
		if n := count(t, url, "sessions WHERE client_id IS NOT NULL AND ended_at IS NULL"); n != 0 {
			t.Errorf("%d sessions live", n)
		}
	}
	if n := count(t, url, "sessions WHERE ended_at IS NULL"); n != 1 {
		t.Errorf("%d sessions of browsers live", n)
	}
}

func TestGrantsOfAClientEndTogether(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	browser := login(t, s, 1, start)
	ann := userOf(t, s).ID
	bound, own := redemption(appCode(t, s, browser, false)), redemption(appCode(t, s, browser, true))
	own.Name = "~ The app" // which stands in the place of a user agent, and looks like a short one
	redeem(t, s, bound)
	held := redeem(t, s, own)
	list, err := s.PermissionsOf(t.Context(), ann, start, time.Time{})
	if err != nil || len(list) != 1 || list[0].Session == nil || list[0].Session.ID != held.Grant.SessionID || list[0].Name != own.Name {
		t.Errorf("the list is %+v, %v", list, err)
	}
	end := func(userID, client string) []string {
		t.Helper()
		ended, err := s.EndGrantsOf(t.Context(), userID, client, session.EndedByUser, start, told(auth.ActEndGrant))
		if err != nil {
			t.Fatal(err)
		}
		return ended
	}
	if ended := slices.Concat(end(ann, "apps.other"), end(uuid.NewString(), appTerms.ClientID)); len(ended) != 0 {
		t.Errorf("others' have ended: %v", ended)
	}
	ended := end(ann, appTerms.ClientID)
	if len(ended) != 2 || !slices.Contains(ended, bound.GrantID) || !slices.Contains(ended, own.GrantID) {
		t.Errorf("ended are %v", ended)
	}
	if again := end(ann, appTerms.ClientID); len(again) != 0 {
		t.Errorf("ended once more: %v", again)
	}
	for _, token := range []*auth.TokenHash{bound.Refresh, own.Refresh} {
		if refreshes(t, s, *token, start) {
			t.Error("a refresh token is good")
		}
	}
	if n := count(t, url, "audit_events WHERE action = 'grant.ended'"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	if n := count(t, url, "revocations"); n != 2 {
		t.Errorf("%d revocations", n)
	}
}
