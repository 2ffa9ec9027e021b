// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func settings() realmconfig.Email {
	return realmconfig.Email{From: "Example <login@example.com>", Product: "Example", SupportURL: "https://example.com/help"}
}

func notice() notify.Notice {
	return notify.Notice{
		To: "ann@example.com", Name: "Ann Lee", Locale: "en-GB",
		Link: "https://app.example.com/reset?token=secret&from=mail", Lifetime: time.Hour,
		At: time.Date(2026, 11, 22, 11, 57, 0, 0, time.UTC), Address: "2001:db8::1",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
	}
}

// What people read, in full. Read the diff after -update: it is what they will see.
func TestMailsAreWordedAsBefore(t *testing.T) {
	t.Parallel()
	c := newComposer()
	for name, change := range map[string]func(*notify.Notice){
		"reset-password":   func(*notify.Notice) {},
		"password-changed": func(n *notify.Notice) { n.Link, n.Lifetime = "", 0 },
		"code":             func(n *notify.Notice) { n.Link, n.Code, n.Lifetime, n.Locale = "", "482913", 5*time.Minute, "fr" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := notice()
			change(&n)
			m, err := c.compose(settings(), auth.MessageKind(name), n)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is now\n%s", name, got)
	}
}

func TestEveryMailIsWordedInEveryLanguage(t *testing.T) {
	t.Parallel()
	c := newComposer()
	for _, locale := range languages() {
		subjects := map[string]string{}
		for _, kind := range realmconfig.EmailTemplateNames() {
			for _, lifetime := range []time.Duration{0, time.Minute, 90 * time.Second, time.Hour, 24 * time.Hour, 72 * time.Hour} {
				n := notice()
				n.Locale, n.Lifetime, n.Code = locale, lifetime, "482913"
				m, err := c.compose(settings(), auth.MessageKind(kind), n)
				if err != nil {
					t.Fatalf("%s in %s: %v", kind, locale, err)
				}
				for _, text := range []string{m.Subject, m.Text, m.HTML} {
					if strings.Contains(text, "<no value>") || strings.Contains(text, "ZgotmplZ") || !strings.Contains(text, "Example") {
						t.Errorf("%s in %s is\n%s", kind, locale, text)
					}
				}
				if other, taken := subjects[m.Subject]; taken && other != kind {
					t.Errorf("%s and %s have the same subject in %s", kind, other, locale)
				}
				subjects[m.Subject] = kind
			}
		}
	}
}

func TestEveryKindHasATemplateName(t *testing.T) {
	t.Parallel()
	kinds := []string{}
	for _, kind := range []auth.MessageKind{
		auth.VerifyEmailMessage, auth.AlreadyRegisteredMessage, auth.ResetPasswordMessage, auth.PasswordChangedMessage,
		auth.EmailChangedMessage, auth.NewDeviceMessage, auth.SecondFactorAddedMessage, auth.SecondFactorRemovedMessage,
		auth.PasskeyAddedMessage, auth.PasskeyRemovedMessage, auth.IdentityLinkedMessage, auth.DeviceAllowedMessage, auth.AccountLockedMessage, auth.AccountReclaimedMessage, auth.CodeMessage,
		auth.PersonalTokenMadeMessage, auth.SetUpCodeMessage, auth.RegistrationLinkMessage, auth.RecoveryLinkMessage, auth.RecoveryBegunMessage, auth.RecoveryReadyMessage,
		auth.RecoveryCancelledMessage, auth.AccountRecoveredMessage,
	} {
		kinds = append(kinds, string(kind))
	}
	slices.Sort(kinds)
	if names := realmconfig.EmailTemplateNames(); !slices.Equal(kinds, names) {
		t.Errorf("kinds are %q, templates %q", kinds, names)
	}
}

func TestReaderIsAddressedInALanguage(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"": "en", "en": "en", "en-GB": "en", "de": "de", "de-CH-1901": "de", "DE": "de", "fr_CA": "fr", "es-419": "es",
		"pt-BR": "en", "../words/de": "en", "x": "en",
	} {
		if got := language(parseWords(), locale).language; got != want {
			t.Errorf("%q is written to in %s, want %s", locale, got, want)
		}
	}
}

// Whoever chose the name or the user agent may be a stranger to the reader.
func TestForeignWordsCannotMisleadTheReader(t *testing.T) {
	t.Parallel()
	c := newComposer()
	for name, change := range map[string]func(*notify.Notice){
		"a link as name":            func(n *notify.Notice) { n.Name = "https://evil.test/win" },
		"a bare domain as name":     func(n *notify.Notice) { n.Name = "Visit evil.test now" },
		"a www as name":             func(n *notify.Notice) { n.Name = "WWW evil-www.test" },
		"lines in the name":         func(n *notify.Notice) { n.Name = "Ann\r\nBcc: evil@evil.test\r\n\r\nevil.test" },
		"markup in the name":        func(n *notify.Notice) { n.Name = "<a href=//evil.test>x</a>" },
		"a right-to-left override":  func(n *notify.Notice) { n.Name = "Ann \u202Etset.live" },
		"a story as name":           func(n *notify.Notice) { n.Name = strings.Repeat("evil ", 40) },
		"a link as user agent":      func(n *notify.Notice) { n.UserAgent = "https://evil.test/" },
		"a domain as user agent":    func(n *notify.Notice) { n.UserAgent = "evil.test" },
		"markup as address":         func(n *notify.Notice) { n.Address = "<b>evil</b>" },
		"a script as link":          func(n *notify.Notice) { n.Link = "javascript:evil()" },
		"a quote inside the link":   func(n *notify.Notice) { n.Link = `https://example.com/"onclick="evil()` },
		"another language's folder": func(n *notify.Notice) { n.Locale = "../evil" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := notice()
			change(&n)
			m, err := c.compose(settings(), auth.ResetPasswordMessage, n)
			if err != nil {
				t.Fatal(err)
			}
			link := strings.Contains(string(n.Link), "evil")
			if !link && strings.Contains(strings.ToLower(m.Subject+m.Text+m.HTML), "evil") || strings.Contains(m.Text+m.HTML, "\u202E") {
				t.Errorf("the reader is told\n%s", m.Text)
			}
			if strings.Contains(m.HTML, `href="javascript`) || strings.Contains(m.HTML, `"onclick`) {
				t.Errorf("the link is\n%s", m.HTML)
			}
		})
	}
}

func TestNamesThatAreGreeted(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ann Lee": "Ann Lee", " Ann\tLee ": "Ann Lee", "J. R. R. Tolkien": "J. R. R. Tolkien", "Zoë O’Neill-Müller": "Zoë O’Neill-Müller",
		"山田 太郎": "山田 太郎", "Dr. Ann Lee, Jr.": "Dr. Ann Lee, Jr.", "a.b": "", "": "", "a@b": "", "x://y": "",
	} {
		if got := greetable(name); got != want {
			t.Errorf("%q is greeted as %q, want %q", name, got, want)
		}
	}
}

func TestARealmWordsItsOwnMails(t *testing.T) {
	t.Parallel()
	own := settings()
	own.Templates = map[string]realmconfig.EmailTemplate{
		"reset-password": {
			Subject: "{{if eq .Locale \"de\"}}Hallo{{else}}Hi{{end}} {{.Name}}\r\nBcc: x@example.com",
			HTML:    `<p title="{{.Name}}">{{.Product}} <a href="{{.Link}}">go</a></p>`,
		},
	}
	n := notice()
	n.Locale = "de"
	m, err := newComposer().compose(own, auth.ResetPasswordMessage, n)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Hallo Ann Lee Bcc: x@example.com" {
		t.Errorf("subject is %q", m.Subject)
	}
	if want := `<p title="Ann Lee">Example <a href="https://app.example.com/reset?token=secret&amp;from=mail">go</a></p>`; m.HTML != want {
		t.Errorf("HTML is %s", m.HTML)
	}
	if !strings.Contains(m.Text, "Guten Tag Ann Lee,") {
		t.Error("a part that the realm does not word is not the built-in one")
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("Ann", "de-CH", "https://example.com/?a=b", "curl/8.5.0", "192.0.2.1")
	f.Add("a\r\nb: c", "../x", "javascript:x", "<b>", "::1%eth0")
	f.Add("\xff\x00", "\u2028", "data:text/html,x", "\"'`", "1.2.3.4\r\n")
	c := newComposer()
	f.Fuzz(func(t *testing.T, name, locale, link, userAgent, address string) {
		m, err := c.compose(settings(), auth.ResetPasswordMessage, notify.Notice{
			To: "ann@example.com", Name: name, Locale: locale, Link: auth.Secret(link), UserAgent: userAgent, Address: address,
		})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(m.Subject, "\r\n\x00") {
			t.Errorf("subject has more than one line: %q", m.Subject)
		}
		if strings.Count(m.HTML, "<a ") > 2 || strings.Contains(m.HTML, `href="javascript:`) {
			t.Errorf("HTML has a link of its own: %s", m.HTML)
		}
	})
}
