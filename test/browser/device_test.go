// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// device makes a client one that has devices let in.
func device(c *realmconfig.Client) {
	c.Type, c.TokenEndpointAuthMethod, c.Secrets, c.RedirectURIs = realmconfig.PublicClient, realmconfig.NoAuthMethod, nil, nil
	c.GrantTypes = []realmconfig.GrantType{realmconfig.DeviceCodeGrant, realmconfig.RefreshTokenGrant}
}

// shows is the code that a device of a client shows, and the address with the code in it.
func (r *realm) shows(c realmconfig.Client, scope string) (code, address string) {
	r.t.Helper()
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.Roots()}}, Timeout: realmtest.Patience}
	defer client.CloseIdleConnections()
	response, err := client.PostForm(r.Config.Issuer+"/oauth2/device_authorization", url.Values{"client_id": {c.ID}, "scope": {scope}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	said := struct {
		Code    string `json:"user_code"`
		Address string `json:"verification_uri_complete"`
	}{}
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil || said.Code == "" {
		r.t.Fatalf("answered %d: %v", response.StatusCode, err)
	}
	return said.Code, said.Address
}

func TestSomebodyLetsADeviceIn(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		c := r.client("", device)
		r.serve()
		code, _ := r.shows(c, "openid profile email groups offline_access "+c.Scopes[5])
		b := r.newTab(s)
		b.open("/device")
		b.fill("email", userEmail)
		b.fill("password", password)
		b.press("Sign in")
		b.sees("/device", http.StatusOK, "Enter the code that your device shows.")
		b.focusesOn("user-code")
		b.look("device-code")
		b.fill("user-code", "BBBB-BBBB")
		b.press("Continue")
		b.sees("/device", http.StatusBadRequest, "No device waits with this code.")
		b.look("device-code-wrong")
		b.fill("user-code", code)
		b.press("Continue")
		b.sees("/device/answer", http.StatusOK, "Let a device use "+c.DisplayName+"?", userEmail, code, "rather/long")
		b.look("device-question")
		b.press("Deutsch")
		b.sees("/device/answer", http.StatusOK, code, "auf einem Gerät zulassen?")
		b.press("English")
		b.press("Allow")
		b.sees("/device/answer", http.StatusOK, "Device connected")
		b.look("device-allowed")

		_, address := r.shows(c, "openid")
		b.open(address)
		b.sees("/device", http.StatusOK, "Go on only if your device shows this very code")
		b.look("device-code-filled-in")
		b.press("Continue")
		b.press("Deny")
		b.sees("/device/answer", http.StatusOK, "Device turned away")
		b.look("device-denied")
	})
}

// On the narrowest screen, in every language, the whole question is there.
func TestTheQuestionAboutADeviceFits(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	c := r.client("", device)
	b := r.serve().signedIn(telephone, userEmail)
	b.screen(narrow)
	_, address := r.shows(c, "openid profile email groups offline_access "+c.Scopes[5])
	b.open(address)
	for _, language := range []string{"Deutsch", "Español", "Français", "English"} {
		b.press(language)
		b.sees("/device", http.StatusOK)
		b.fits(language, narrow)
	}
	b.press("Continue")
	for _, language := range []string{"Deutsch", "Español", "Français", "English"} {
		b.press(language)
		b.sees("/device/answer", http.StatusOK, c.DisplayName)
		b.fits(language, narrow)
	}
}

// Nothing has the focus at first: whoever still types on the page before lets nobody in.
func TestTheQuestionAboutADeviceIsAnsweredByKeyboardAlone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	c := r.client("", device)
	b := r.serve().signedIn(desk, userEmail)
	code, _ := r.shows(c, "openid")
	b.open("/device")
	b.focusesOn("user-code")
	b.enters(code)
	b.sees("/device/answer", http.StatusOK, code)
	b.types(" " + kb.Enter)
	b.sees("/device/answer", http.StatusOK, code)
	b.types(kb.Tab + kb.Enter + kb.Tab + kb.Tab)
	b.focusesOn("Allow")
	b.types(kb.Tab)
	b.focusesOn("Deny")
	b.enters("")
	b.sees("/device/answer", http.StatusOK, "Device turned away")
}

func TestADeviceIsLetInWithoutScripts(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	c := r.client("", device)
	b := r.serve().newTab(desk)
	b.withoutScripts()
	_, address := r.shows(c, "openid")
	b.open(address)
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.sees("/device", http.StatusOK)
	b.press("Continue")
	b.sees("/device/answer", http.StatusOK)
	b.press("Allow")
	b.sees("/device/answer", http.StatusOK, "Device connected")
}
