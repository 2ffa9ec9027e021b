// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// actionOf is that of the form whose action begins with a path.
func (b *pageBrowser) actionOf(path string) string {
	b.t.Helper()
	for n := range b.page.Descendants() {
		action := attribute(n, "action")
		if n.Type == html.ElementNode && n.Data == "form" && (action == path || strings.HasPrefix(action, path+"?")) {
			return action
		}
	}
	b.t.Fatalf("%s has no form %s, but\n%s", b.at, path, b.text())
	return ""
}

// askForCode goes from the sign-in page to where the code is typed.
func (b *pageBrowser) askForCode(email string) {
	b.t.Helper()
	b.click("Send me a code by e-mail")
	b.submit(b.actionOf("/signin/mail"), map[string]string{"email": email})
	b.sees("/signin/mail/code", http.StatusOK, "Enter the code from your e-mail", email)
	for _, cookie := range b.client.Jar.Cookies(b.at) {
		if strings.HasPrefix(cookie.Name, "__Host-rk-mail-") {
			suite.secrets.used(cookie.Value)
		}
	}
}

func (b *pageBrowser) typeCode(code string) {
	b.t.Helper()
	b.submit(b.actionOf("/signin/mail/code"), map[string]string{"code": code})
}

// openMailedLink opens the link of a mail.
func (b *pageBrowser) openMailedLink(l letter) {
	b.t.Helper()
	link, err := url.Parse(l.Links[0])
	if err != nil {
		b.t.Fatal(err)
	}
	suite.secrets.used(link.Path[strings.LastIndex(link.Path, "/")+1:])
	b.open(l.Links[0])
}

func TestPagesSignInByAMailedCode(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	b := s.newPageBrowser()
	b.open("/signin")
	b.click("Send me a code by e-mail")
	b.submit("/signin/mail", map[string]string{"email": "nobody"})
	b.sees("/signin/mail", http.StatusBadRequest, "This is not an e-mail address.")
	b.submit("/signin/mail", map[string]string{"email": annEmail})
	b.sees("/signin/mail/code", http.StatusOK, "Enter the code from your e-mail", annEmail)
	mails := len(r.letters(annEmail))
	b.open(b.at.String()) // as a telephone does, to which somebody comes back from their mail
	b.sees("/signin/mail/code", http.StatusOK, annEmail)
	if len(r.letters(annEmail)) != mails {
		t.Error("looking again has sent another code")
	}
	digits := r.digits(annEmail)
	b.typeCode("12345")
	b.sees("/signin/mail/code", http.StatusBadRequest, "It has six digits.")
	b.typeCode(otherThan(digits))
	b.sees("/signin/mail/code", http.StatusBadRequest, "The code is wrong", "Attempts left: 4.")
	b.typeCode(digits)
	b.sees("/account", http.StatusOK, annEmail)
	for _, cookie := range b.client.Jar.Cookies(b.at) {
		suite.secrets.used(cookie.Value)
		if strings.HasPrefix(cookie.Name, "__Host-rk-mail-") {
			t.Error("the browser keeps the handle of a code that is used up")
		}
	}
}

func TestPagesSayTheSameOfAnAddressWithoutAnAccount(t *testing.T) {
	t.Parallel()
	_, s := newCodeMailingRealm(t)
	const stranger = "stranger@example.com"
	suite.secrets.used(stranger)
	said := func(email string) string {
		b := s.newPageBrowser()
		b.open("/signin")
		b.askForCode(email)
		text := b.text()
		b.typeCode("000000")
		return strings.ReplaceAll(text+b.text(), email, "")
	}
	if known, unknown := said(annEmail), said(stranger); known != unknown {
		t.Errorf("people read\n%s\n%s", known, unknown)
	}
}

// Programs that look at mails open what is in them, and must use up nothing; nor does whoever
// opens the link elsewhere.
func TestAMailedLinkWorksInTheBrowserThatHasAsked(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	b, other := s.newPageBrowser(), s.newPageBrowser()
	b.open("/signin")
	b.askForCode(annEmail)
	mail := r.lastLetter(annEmail, auth.CodeMessage)
	for range 2 {
		other.openMailedLink(mail)
		other.sees(other.at.Path, http.StatusOK, "You began in another browser", "type the code from the same mail")
	}
	if strings.Contains(other.body, annEmail) || len(other.all("form", "method", "post")) != 1 { // that of languages
		t.Errorf("another browser reads %s", other.text())
	}
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, mail.Links[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	other.send(post)
	other.sees(other.at.Path, http.StatusOK, "You began in another browser")

	head, err := http.NewRequestWithContext(t.Context(), http.MethodHead, mail.Links[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	b.send(head)
	b.openMailedLink(mail)
	b.openMailedLink(mail)
	b.sees(b.at.Path, http.StatusOK, "Do you want to sign in as "+annEmail)
	if got := query[int](r, "SELECT count(*) FROM tickets WHERE kind = 'mailed_code'"); got != 1 {
		t.Error("opening the link has used up the code")
	}
	b.submit("", nil)
	b.sees("/account", http.StatusOK, annEmail)

	b.openMailedLink(mail)
	b.sees(b.at.Path, http.StatusOK, "You began in another browser")
	other.open("/account")
	other.sees("/signin", http.StatusOK)
}

func TestAMailedLinkThatIsOver(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *realm, s *server){
		"expired":        func(r *realm, _ *server) { r.Clock.Advance(10 * time.Minute) },
		"a new password": func(_ *realm, s *server) { s.reset(s.resetToken(annEmail), newPassword) },
		"used":           func(r *realm, _ *server) { r.Exec("DELETE FROM tickets") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newCodeMailingRealm(t)
			b := s.newPageBrowser()
			b.open("/signin")
			b.askForCode(annEmail)
			mail := r.lastLetter(annEmail, auth.CodeMessage)
			b.openMailedLink(mail)
			page := b.at.Path
			end(r, s)
			b.submit("", nil)
			b.sees(page, http.StatusBadRequest, "Have another one sent.", "Send the code")
			b.openMailedLink(mail)
			b.sees(page, http.StatusBadRequest, "Have another one sent.")
			b.submit(b.actionOf("/signin/mail"), map[string]string{"email": annEmail})
			b.typeCode(r.digits(annEmail))
			b.sees("/account", http.StatusOK)
		})
	}
}

// The link is nothing that anybody guesses: strangers who use up the guesses of an address do
// not keep its owner from it.
func TestAMailedLinkOutlivesTheGuessesOfStrangers(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	s.guessCodes(20)
	r.Clock.Advance(auth.QuotaWindow)
	b := s.newPageBrowser()
	b.open("/signin")
	b.askForCode(annEmail)
	b.typeCode(r.digits(annEmail))
	b.sees("/signin/mail/code", http.StatusTooManyRequests, "The link in the mail still works, in this browser.")
	mail := r.lastLetter(annEmail, auth.CodeMessage)
	s.askForCode(annEmail) // a stranger goes on
	b.openMailedLink(mail)
	b.submit("", nil)
	b.sees("/account", http.StatusOK, annEmail)
}

// Another flow's handle, or none, is worth as little on the pages as at the API.
func TestPagesTakeNoCodeOfAnotherBrowser(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	b, other := s.newPageBrowser(), s.newPageBrowser()
	b.open("/signin")
	b.askForCode(annEmail)
	other.open(b.at.String())
	other.sees("/signin/mail/code", http.StatusBadRequest, "Have another one sent.")
	other.open("/signin")
	other.askForCode("thief@example.com")
	other.typeCode(r.digits(annEmail))
	other.sees("/signin/mail/code", http.StatusBadRequest, "The code is wrong")
	b.typeCode(r.digits(annEmail))
	b.sees("/account", http.StatusOK)
}

func TestAMailedCodeAndASecondFactorOnPages(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	app := s.enrol(s.loginAnn(annPassword).Access)
	b := s.newPageBrowser()
	b.open("/signin")
	b.askForCode(annEmail)
	b.typeCode(r.digits(annEmail))
	b.sees("/signin/mail/code", http.StatusOK, "Enter your code")
	b.submit("/signin/code", map[string]string{"code": s.shown(app.Secret)})
	b.sees("/account", http.StatusOK, annEmail)
}

// An application that sends somebody to sign in gets them back, whether they type the code or
// follow the link, and is told by what they did.
func TestAMailedCodeLeadsBackToTheApplication(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	for name, way := range map[string]func(r *realm, s *server, b *pageBrowser){
		"by typing": func(r *realm, _ *server, b *pageBrowser) { b.typeCode(r.digits(annEmail)) },
		"by the link": func(r *realm, _ *server, b *pageBrowser) {
			b.openMailedLink(r.lastLetter(annEmail, auth.CodeMessage))
			b.submit("", nil)
		},
		"after another code and another language": func(r *realm, _ *server, b *pageBrowser) {
			b.submit(b.actionOf("/signin/mail"), nil)
			b.submit("/language", map[string]string{"language": "de"})
			b.sees("/signin/mail/code", http.StatusOK, "Code aus der E-Mail")
			b.submit("/language", map[string]string{"language": "en"})
			b.typeCode(r.digits(annEmail))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOfClients(t, c)
			r.sendsMail()
			suite.secrets.used(annEmail, annPassword)
			r.mailsCodes()
			s := r.serve()
			s.registerAnn()
			s.verifyAnn()
			b, f := s.newPageBrowser(), s.newApplication(c, "openid", "email").newFlow()
			b.open(f.address())
			b.sees("/signin", http.StatusOK)
			b.askForCode(annEmail)
			way(r, s, b)
			h := f.exchange(f.code(b))
			amr, _ := h.claims["amr"].([]any)
			if h.claims["email"] != annEmail || len(amr) != 1 || amr[0] != "otp" || h.claims["acr"] != "1" {
				t.Errorf("the application knows %v", h.claims)
			}

			r.Clock.Advance(10 * time.Minute)
			again := f.a.newFlow()
			b.open(again.address(param("prompt", "login")))
			b.sees("/signin", http.StatusOK)
			b.askForCode(annEmail)
			b.typeCode(r.digits(annEmail))
			after := again.exchange(again.code(b))
			if after.claims["sid"] != h.claims["sid"] || after.claims["auth_time"].(float64) <= h.claims["auth_time"].(float64) {
				t.Errorf("after another code the application knows %v", after.claims)
			}
		})
	}
}

// A code that was asked for before an application wanted them to show anew who they are says
// nothing of now.
func TestAnOldMailedCodeIsNoNewProof(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	r.sendsMail()
	suite.secrets.used(annEmail, annPassword)
	r.mailsCodes()
	s := r.serve()
	s.registerAnn()
	s.verifyAnn()
	b := s.newPageBrowser()
	b.open("/signin")
	b.askForCode(annEmail)
	entered := b.at
	r.Clock.Advance(time.Minute)
	f := s.newApplication(c, "openid").newFlow()
	b.open(f.address(param("prompt", "login")))
	b.sees("/signin", http.StatusOK)
	journey := b.at.Query().Get("journey")
	query := entered.Query()
	query.Set("journey", journey)
	b.open(entered.Path + "?" + query.Encode())
	b.typeCode(r.digits(annEmail))
	b.sees("/signin", http.StatusOK) // asked again
}

// Somebody who has nothing but their mail can do what wants proof.
func TestAMailedCodeProvesWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	r.Exec("UPDATE users SET password_hash = NULL WHERE email = $1", annEmail)
	b := s.newPageBrowser()
	b.open("/signin")
	b.askForCode(annEmail)
	b.typeCode(r.digits(annEmail))
	b.sees("/account", http.StatusOK)
	for name, way := range map[string]func(){
		"by typing": func() { b.typeCode(r.digits(annEmail)) },
		"by the link": func() {
			b.openMailedLink(r.lastLetter(annEmail, auth.CodeMessage))
			b.submit("", nil)
		},
	} {
		r.Clock.Advance(longAgo)
		b.open("/account")
		b.submit("/account/two-factor", nil)
		b.sees("/account/two-factor", http.StatusForbidden, "Is it you?")
		b.askForCode(annEmail)
		way()
		t.Log(name)
		b.sees(b.at.Path, http.StatusOK, "Thank you, it is you.")
		b.submit("/account/two-factor", nil)
		b.sees("/account/two-factor", http.StatusOK, "Set up two-factor sign-in")
	}
}
