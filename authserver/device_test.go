// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// loginOn tries a login from a device that shows what it was given.
func (s *server) loginOn(device, email, password string) answer {
	s.t.Helper()
	return s.do(s.loginRequest(email, password, "X-Device-Token", device))
}

func (s *server) lockOut(email string) {
	s.t.Helper()
	for range 5 {
		s.tryLogin(email, wrongPassword)
	}
	s.tryLogin(email, adminPassword).Expect(s.t, http.StatusTooManyRequests, "account_locked")
}

func TestStrangersDoNotLockOutADeviceThatHasLoggedIn(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	device := s.login().Device
	r.cheapen()
	s.lockOut(adminEmail)

	again := s.tokensOf(s.loginOn(device, adminEmail, adminPassword))
	if again.Device == "" || again.Device == device {
		t.Error("the device was not given a fresh token")
	}
	cookie := s.loginRequest(adminEmail, adminPassword, "Cookie", "other=1; __Host-rk-device="+again.Device)
	s.tokensOf(s.do(cookie))
	// Its own guesses count, apart from those of strangers.
	r.cheapen()
	s.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	for range 5 {
		s.loginOn(device, adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.loginOn(device, adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	s.loginOn(again.Device, adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	for sample, want := range map[string]string{
		`realmkeeper_lockouts_total{by="account"}`: "1",
		`realmkeeper_lockouts_total{by="device"}`:  "1",
		"realmkeeper_known_device_logins_total":    "9",
	} {
		if got := s.Metric(sample); got != want {
			t.Errorf("%s is %q, want %s", sample, got, want)
		}
	}
	r.Clock.Advance(15 * time.Minute)
	s.tokensOf(s.loginOn(device, adminEmail, adminPassword))
}

func TestTheDeviceCookieIsForTheRealmAlone(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	a := s.tryLogin(adminEmail, adminPassword)
	device := s.tokensOf(a).Device
	want := "__Host-rk-device=" + device + "; Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Lax"
	if got := a.Header.Values("Set-Cookie"); len(got) != 1 || got[0] != want {
		t.Errorf("%d cookies, or not as they should be", len(got))
	}
	if len(device) > 512 || !strings.HasPrefix(device, "rkd_") {
		t.Errorf("a device token has %d bytes", len(device))
	}
	if a := s.tryRefresh(s.tokensOf(a).Refresh); a.Header.Get("Set-Cookie") != "" || strings.Contains(a.Body, "device_token") {
		t.Error("a refresh speaks of devices")
	}
}

func TestABrowserIsAKnownDeviceAfterASecondFactor(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	e := s.enrol(s.login().Access)
	s.nextStep()
	a := s.validate(s.challenged(), s.shown(e.Secret))
	device := s.tokensOf(a).Device
	cookie, attributes, _ := strings.Cut(a.Header.Get("Set-Cookie"), "; ")
	if cookie != "__Host-rk-device="+device || attributes != "Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Lax" {
		t.Error("the browser was not given the device token of the answer to keep")
	}
	r.cheapen()
	s.lockOut(adminEmail)
	a = s.do(s.loginRequest(adminEmail, adminPassword, "Cookie", cookie))
	if a.Expect(t, http.StatusOK, ""); a.Header.Get("Set-Cookie") != "" {
		t.Error("a login that is not complete speaks of devices")
	}
}

func TestADeviceTokenOpensNothingElse(t *testing.T) {
	t.Parallel()
	_, s := newRealmWithAnn(t)
	anns, admins := s.loginAnn(annPassword).Device, s.login().Device
	s.lockOut(annEmail)
	for name, token := range map[string]string{
		"of another user": admins,
		"cut short":       anns[:len(anns)-4],
		"changed":         anns[:len(anns)-8] + "AAAAAAAA",
		"of nobody":       "rkd_AAAA",
		"empty":           "rkd_",
		"noise":           "\xff\xfe",
		"endless":         "rkd_" + strings.Repeat("A", 8000),
	} {
		s.loginOn(token, annEmail, annPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
		if t.Failed() {
			t.Fatalf("with a token that is %s", name)
		}
	}
	s.tokensOf(s.loginOn(anns, annEmail, annPassword))
	s.profile(anns).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.tryRefresh(anns).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
}

func TestANewPasswordMakesDevicesStrangers(t *testing.T) {
	t.Parallel()
	_, s := newRealmWithAnn(t)
	session := s.loginAnn(annPassword)
	change := map[string]string{"current_password": annPassword, "new_password": newPassword}
	s.as(session.Access, http.MethodPost, "/api/user/password", change).Expect(t, http.StatusNoContent, "")
	s.lockOut(annEmail)
	s.loginOn(session.Device, annEmail, newPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

func TestADeviceIsForgottenAfterHalfAYear(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	device := s.login().Device
	r.cheapen()
	r.Clock.Advance(179 * 24 * time.Hour)
	s.lockOut(adminEmail)
	device = s.tokensOf(s.loginOn(device, adminEmail, adminPassword)).Device // and known anew from here
	r.cheapen()
	r.Clock.Advance(179 * 24 * time.Hour)
	s.lockOut(adminEmail)
	s.tokensOf(s.loginOn(device, adminEmail, adminPassword))
	r.Clock.Advance(24 * time.Hour)
	r.cheapen()
	s.lockOut(adminEmail)
	s.loginOn(device, adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

func TestADeviceIsKnownAcrossARotationOfTheKey(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	device := s.login().Device
	r.cheapen()
	keys := r.EncryptionKeys
	next := make([]byte, realmconfig.EncryptionKeyBytes)
	next[0] = 1
	keys.Keys = append(keys.Keys, realmconfig.EncryptionKey{ID: "two", Key: next})
	keys.Primary = "two"
	r.Mount(map[string]any{realmconfig.EncryptionKeysFile: keys})
	s.lockOut(adminEmail)
	s.eventually("the device is sealed under the new key", func() bool {
		device = s.tokensOf(s.loginOn(device, adminEmail, adminPassword)).Device
		return strings.HasPrefix(device, "rkd_AQN0d2") // version 1, three bytes: "two"
	})
	keys.Keys = keys.Keys[1:]
	r.Mount(map[string]any{realmconfig.EncryptionKeysFile: keys})
	s.tokensOf(s.loginOn(device, adminEmail, adminPassword))
}

func TestALoginFromANewDeviceIsToldToTheOwner(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.behindProxy()
	s := r.serve()
	s.registerAnn()
	login := func(source, agent, device string) string {
		t.Helper()
		request := s.loginRequest(annEmail, annPassword, "X-Forwarded-For", source, "User-Agent", agent, "X-Device-Token", device)
		return s.tokensOf(s.do(request)).Device
	}
	told := func() int {
		n := 0
		for _, l := range r.letters(annEmail) {
			if l.kind == "new-device" {
				n++
			}
		}
		return n
	}
	steps := []struct {
		name          string
		source, agent string
		withToken     bool
		told          int
	}{
		{"the first of all", office, "Firefox", false, 0},
		{"the same device", office, "Firefox", true, 0},
		{"a client that keeps no token", office, "Firefox", false, 0},
		{"the device elsewhere, with another browser version", elsewhere, "Firefox 2", true, 0},
		{"another browser", office, "curl", false, 1},
		{"the same browser elsewhere", "192.0.2.77", "Firefox", false, 2},
	}
	device := ""
	for _, step := range steps {
		shown := ""
		if step.withToken {
			shown = device
		}
		got := login(step.source, step.agent, shown)
		if device == "" || step.withToken {
			device = got
		}
		if n := told(); n != step.told {
			t.Errorf("%s: the owner was told %d times, want %d", step.name, n, step.told)
		}
	}
	if body := r.lastLetter(annEmail, "new-device").Text; !strings.Contains(body, "192.0.2.77") {
		t.Error("the mail does not say from where")
	}
}
