// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestPagesSignInAndOut(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().newPageBrowser()
	b.open("/")
	b.sees("/signin", http.StatusOK, "Sign in", "Forgot password?")

	b.submit("/signin", map[string]string{"email": adminEmail, "password": wrongPassword})
	b.sees("/signin", http.StatusBadRequest, "The e-mail address or the password is wrong.")
	if email := attribute(b.find("input", "name", "email"), "value"); email != adminEmail {
		t.Errorf("the address was forgotten: %q", email)
	}
	if strings.Contains(b.body, wrongPassword) {
		t.Error("the page shows the password")
	}

	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.sees("/account", http.StatusOK, "Your account", adminEmail, "this device")
	for _, cookie := range b.client.Jar.Cookies(b.at) {
		suite.secrets.used(cookie.Value)
		if !strings.HasPrefix(cookie.Name, "__Host-") {
			t.Errorf("cookie %s may come from elsewhere", cookie.Name)
		}
	}

	b.submit("/signout", nil)
	b.sees("/signed-out", http.StatusOK, "You are signed out")
	b.open("/account")
	b.sees("/signin", http.StatusOK)
}

func TestPagesSessionOutlivesItsAccessToken(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	b := r.serve().newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	r.Clock.Advance(r.AccessTokenLifetime())
	b.open("/account")
	b.sees("/account", http.StatusOK, adminEmail)
}

func TestPagesRefuseForeignForms(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	for name, header := range map[string]http.Header{
		"another site, by its own word":     {"Sec-Fetch-Site": {"cross-site"}},
		"a subdomain of ours":               {"Sec-Fetch-Site": {"same-site"}},
		"another origin, in an old browser": {"Origin": {"https://evil.example.net"}},
	} {
		r := newRequest(t, http.MethodPost, "/signout", "")
		r.Header = header
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.send(r)
		if b.status != http.StatusForbidden {
			t.Errorf("%s: answered %d", name, b.status)
		}
	}
	b.open("/account")
	b.sees("/account", http.StatusOK)
}

func TestPagesResetAPassword(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Browser.ResetPasswordURL = issuer + "/reset/{token}"
	mails := r.sendsMail()
	s := r.serve()
	suite.secrets.used(newPassword)
	b := s.newPageBrowser()
	b.open("/forgot")
	b.submit("/forgot", map[string]string{"email": "nobody@example.com"})
	b.sees("/forgot", http.StatusOK, "Check your e-mail", "nobody@example.com")

	b.open("/forgot")
	b.submit("/forgot", map[string]string{"email": adminEmail})
	b.sees("/forgot", http.StatusOK, "Check your e-mail")
	link := mails.Await(t, adminEmail, 1).Links[0]
	suite.secrets.used(link[strings.LastIndex(link, "/")+1:])
	b.open(link)
	form := strings.TrimPrefix(link, issuer)
	b.sees(form, http.StatusOK, "Choose a new password")
	b.submit("", map[string]string{"password": "password1"})
	b.sees(form, http.StatusBadRequest, "Please choose another password.")
	b.submit("", map[string]string{"password": newPassword})
	b.sees(form, http.StatusOK, "Password changed")

	b.open(link)
	b.sees(form, http.StatusBadRequest, "This link has expired or was used already.")
	b.signIn(adminEmail, newPassword)
	b.sees("/account", http.StatusOK)
}

func TestPagesRegister(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Registration.EmailVerification = "Required"
	r.Config.Browser.VerifyEmailURL = issuer + "/verify-email/{token}"
	mails := r.sendsMail()
	b := r.serve().newPageBrowser()
	const email = "ann@example.com"
	suite.secrets.used(newPassword, email)
	b.open("/register")
	b.submit("/register", map[string]string{"name": "Ann <b>Lee</b>", "email": email, "password": newPassword})
	b.sees("/register", http.StatusOK, "Check your e-mail")
	b.signIn(email, newPassword)
	b.sees("/signin", http.StatusForbidden, "Please confirm your e-mail address first.")

	link := mails.Await(t, email, 1).Links[0]
	b.open(link) // as a program does that looks at mails
	b.open(link)
	b.sees(strings.TrimPrefix(link, issuer), http.StatusOK, "Confirm your e-mail address")
	b.submit("", map[string]string{"password": wrongPassword})
	b.sees(strings.TrimPrefix(link, issuer), http.StatusBadRequest, "The password is wrong.")
	b.submit("", map[string]string{"password": newPassword})
	b.sees(strings.TrimPrefix(link, issuer), http.StatusOK, "Address confirmed")
	b.signIn(email, newPassword)
	b.sees("/account", http.StatusOK, email)
	if strings.Contains(b.body, "<b>Lee") {
		t.Error("a name became markup")
	}
}

func TestPagesOfAClosedRealmDoNotRegister(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Registration.Mode = "Closed"
	r.Update()
	b := r.serve().newPageBrowser()
	b.open("/signin")
	if strings.Contains(b.body, "/register") {
		t.Error("the page offers to register")
	}
	b.open("/register")
	b.sees("/register", http.StatusForbidden, "New accounts are made by administrators only.")
}

func TestPagesSpeakTheVisitorsLanguage(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().newPageBrowser()
	for language, title := range map[string]string{
		"de-CH,de;q=0.9": "Anmelden", "es-MX": "Iniciar sesión", "fr;q=0.8,nl;q=0.9": "Se connecter", "ja": "Sign in", "\"": "Sign in",
	} {
		b.language = language
		b.open("/signin")
		b.sees("/signin", http.StatusOK, title)
	}
	b.language = "en"
	b.open("/signin")
	b.submit("/language", map[string]string{"language": "de"})
	b.sees("/signin", http.StatusOK, "Anmelden")
	b.open("/nothing-here")
	b.sees("/nothing-here", http.StatusNotFound, "Unter dieser Adresse gibt es nichts.")

	b.open("/forgot?from=mail")
	b.submit("/language", map[string]string{"language": "en"})
	b.sees("/forgot", http.StatusOK)
	if b.at.RawQuery != "from=mail" {
		t.Errorf("a choice of the language goes back to %s", b.at)
	}
}

func TestPagesSetUpASecondFactor(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.submit("/account/two-factor", nil)
	b.sees("/account/two-factor", http.StatusOK, "Set up two-factor sign-in", "Scan this")
	if picture := attribute(b.find("img", "class", "qr"), "src"); !strings.HasPrefix(picture, "data:image/png;base64,") {
		t.Errorf("the picture is %q", picture)
	}
	key := b.find("code", "id", "key").FirstChild.Data
	codes := strings.Fields(attribute(b.find("input", "name", "codes"), "value"))
	suite.secrets.used(append(codes, key)...)

	b.submit("/account/two-factor/verify", map[string]string{"code": "000000"})
	b.sees("/account/two-factor/verify", http.StatusBadRequest, "The code is wrong.", codes[0])
	b.submit("/account/two-factor/verify", map[string]string{"code": oathtool(t, key, r.Clock.Now())})
	b.sees("/account", http.StatusOK, "Two-factor sign-in is changed.", "Backup codes left: 10.")

	b.submit("/signout", nil)
	b.signIn(adminEmail, adminPassword)
	b.sees("/signin", http.StatusOK, "Enter your code")
	b.submit("/signin/code", map[string]string{"code": "000000"})
	b.sees("/signin/code", http.StatusBadRequest, "The code is wrong", "Attempts left: 4.")
	b.submit("/signin/code", map[string]string{"code": codes[0]})
	b.sees("/account", http.StatusOK, "Backup codes left: 9.")

	r.Clock.Advance(longAgo)
	b.submit("/account/two-factor/disable", nil)
	b.submit("/account/two-factor/disable", map[string]string{"password": wrongPassword})
	b.sees("/account/two-factor/disable", http.StatusForbidden, "The password is wrong.")
	b.submit("/account/two-factor/disable", map[string]string{"password": adminPassword})
	b.sees("/account", http.StatusOK, "Protect your account with a code")
}

func TestPagesOfAnAccount(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	suite.secrets.used(newPassword)
	here, there := s.newPageBrowser(), s.newPageBrowser()
	here.signIn(adminEmail, adminPassword)
	there.signIn(adminEmail, adminPassword)
	here.open("/account")
	here.submit("/account/profile", map[string]string{"name": "Grace"})
	here.sees("/account", http.StatusOK, "Your profile is saved.")

	here.submit("/account/sessions/end", nil)
	here.sees("/account", http.StatusOK, "The session has ended.")
	there.open("/account")
	there.sees("/signin", http.StatusOK)

	here.submit("/account/password", map[string]string{"current": wrongPassword, "password": newPassword})
	here.sees("/account/password", http.StatusBadRequest, "The password is wrong.")
	here.submit("/account/password", map[string]string{"current": adminPassword, "password": newPassword})
	here.sees("/account", http.StatusOK, "Your password is changed")

	here.submit("/account/delete", nil)
	here.sees("/account/delete", http.StatusBadRequest, "You are the last administrator.")
}

func TestPagesSayHowLongAnAccountIsLocked(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().newPageBrowser()
	for range 6 {
		b.signIn("nobody@example.com", wrongPassword)
	}
	b.sees("/signin", http.StatusTooManyRequests, "sign-in is paused", "Try again in 1") // 15:00, or 14:59 on a slow machine
	if !strings.Contains(b.body, "data-seconds=") {
		t.Error("no countdown")
	}
}

func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().newPageBrowser()
	b.open("/signin")
	total := len(b.body)
	for _, address := range []string{
		attribute(b.find("link", "rel", "stylesheet"), "href"), attribute(b.find("script", "type", "module"), "src"), attribute(b.find("link", "rel", "icon"), "href"),
	} {
		response, err := b.client.Get(issuer + address)
		if err != nil {
			t.Fatal(err)
		}
		total += len(readAll(t, response.Body))
		_ = response.Body.Close()
		if response.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s may be kept: %q", address, response.Header.Get("Cache-Control"))
		}
	}
	if total > 60<<10 {
		t.Errorf("the first page takes %d bytes", total)
	}
}

func TestPagesSendPeopleBackToTheirApplication(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.Update()
	s := r.serve()
	verifier := oauth2.GenerateVerifier()
	ask := "/signin?" + url.Values{"return_to": {appURL + "inbox"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}}.Encode()
	exchange := func(b *pageBrowser, verifier string) answer {
		t.Helper()
		code := b.away.Query().Get("code")
		suite.secrets.used(code, verifier)
		return s.post("/api/auth/oauth/token", map[string]string{"code": code, "code_verifier": verifier})
	}
	b := s.newPageBrowser()
	b.open(ask)
	b.submit("/signin", map[string]string{"email": adminEmail, "password": wrongPassword})
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	if b.away.Host != "app.example.com" || b.away.Path != "/inbox" {
		t.Fatalf("sent to %s", b.away)
	}
	if got := s.profileOf(s.tokensOf(exchange(b, verifier)).Access); got.Email != adminEmail {
		t.Errorf("the application knows %+v", got)
	}
	b.open(ask) // signed in already
	exchange(b, oauth2.GenerateVerifier()).Expect(t, http.StatusBadRequest, "oauth_code_invalid")

	b.open("/signin?return_to=https://evil.example.net/")
	b.sees("/signin", http.StatusBadRequest, "We do not know the page that you want to go to.")
}

func TestPagesSignInThroughDex(t *testing.T) {
	t.Parallel()
	ann := testenv.Person{ID: "ann-at-dex", Email: "ann.page@example.com", Name: "Ann", Password: "the password of ann at dex"}
	dex := testenv.StartDex(t, callbackURL, ann)
	suite.secrets.used(ann.Password, ann.Email)
	r := newRealm(t)
	r.withProviders(dex.ClientSecret, realmconfig.Provider{
		Name: "dex", DisplayName: "Dex", Type: realmconfig.OIDC, ClientID: dex.ClientID, Issuer: dex.Issuer,
		SignUp: true, AllowPrivateNetworks: true,
	})
	b := r.serve().newPageBrowser()
	b.open("/signin")
	b.open(attribute(b.link("Continue with Dex"), "href"))
	if b.at.Host == issuerHost {
		t.Fatalf("is still at %s", b.at)
	}
	b.submit(attribute(b.find("form", "method", "post"), "action"), map[string]string{"login": ann.Email, "password": ann.Password})
	b.sees("/account", http.StatusOK, ann.Email)

	b = r.serve().newPageBrowser()
	b.open("/signin/return?code=rko_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	b.sees("/signin/return", http.StatusBadRequest, "began in another browser")
}
