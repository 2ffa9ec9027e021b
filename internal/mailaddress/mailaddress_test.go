// SPDX-License-Identifier: Apache-2.0

package mailaddress_test

import (
	"errors"
	"net/mail"
	"strings"
	"testing"
	"unicode"

	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// domainOf is a domain of so many bytes.
func domainOf(bytes int) string {
	return strings.Repeat(strings.Repeat("b", 62)+".", 4)[:bytes-len("ex")] + "ex"
}

func TestAddressesHaveOneForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ann@example.com":                           "ann@example.com",
		" \t\r\n\v\fann@example.com\r\n":            "ann@example.com",
		"Ann.LEE+list@Example.COM":                  "ann.lee+list@example.com",
		"!#$%&'*+-/=?^_`{|}~@example.com":           "!#$%&'*+-/=?^_`{|}~@example.com",
		"ann@localhost":                             "ann@localhost",
		"a@b":                                       "a@b",
		"ann@bücher.example":                        "ann@xn--bcher-kva.example",
		"ann@BÜCHER.example":                        "ann@xn--bcher-kva.example",
		"ann@bu\u0308cher.example":                  "ann@xn--bcher-kva.example",
		"ann@xn--bcher-kva.example":                 "ann@xn--bcher-kva.example",
		"ann@XN--BCHER-KVA.example":                 "ann@xn--bcher-kva.example",
		"ann@straße.example":                        "ann@xn--strae-oqa.example",
		"ann@例え。テスト":                                "ann@xn--r8jz45g.xn--zckzah",
		"ann@ｅｘａｍｐｌｅ．com":                           "ann@example.com",
		"ann@نامه\u200cای.com":                      "ann@xn--mgba3gch31f060k.com",
		"ann@İnternal.example":                      "ann@xn--internal-o0e.example",
		"ann@example.c\u043em":                      "ann@example.xn--cm-fmc",
		strings.Repeat("a", 64) + "@b.example":      strings.Repeat("a", 64) + "@b.example",
		"a@" + strings.Repeat("b", 63) + ".example": "a@" + strings.Repeat("b", 63) + ".example",
		"a@" + domainOf(252):                        "a@" + domainOf(252),
	} {
		a, err := mailaddress.Parse(text)
		if err != nil || string(a) != want {
			t.Errorf("%q is %q, %v; want %q", text, a, err, want)
		}
	}
}

func TestWhatIsNoAddressIsRefusedForItsReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]mailaddress.Fault{
		"":                                    mailaddress.NoAddress,
		"ann":                                 mailaddress.NoAddress,
		"@example.com":                        mailaddress.NoAddress,
		"ann@":                                mailaddress.NoAddress,
		"adm\u0130n@example.com":              mailaddress.LocalNotASCII,
		"\u212aelvin@example.com":             mailaddress.LocalNotASCII, // the Kelvin sign
		"\uff41nn@example.com":                mailaddress.LocalNotASCII, // a full-width a
		"\u0430nn@example.com":                mailaddress.LocalNotASCII, // a Cyrillic a
		"hana..sato@example.com":              mailaddress.LocalDots,
		".ann@example.com":                    mailaddress.LocalDots,
		"ann.@example.com":                    mailaddress.LocalDots,
		"a,b@example.com":                     mailaddress.LocalNotAtom,
		"ann lee@example.com":                 mailaddress.LocalNotAtom,
		`"ann"@example.com`:                   mailaddress.LocalNotAtom,
		`"odd@local"@example.com`:             mailaddress.LocalNotAtom,
		"ann(home)@example.com":               mailaddress.LocalNotAtom,
		"Ann <ann@example.com>":               mailaddress.LocalNotAtom,
		"ann@example.com, bob@example.com":    mailaddress.LocalNotAtom,
		strings.Repeat("a", 65) + "@b":        mailaddress.LocalTooLong,
		strings.Repeat("a", 250) + "@b.c":     mailaddress.LocalTooLong,
		strings.Repeat("a", 251) + "@b.c":     mailaddress.TooLong,
		"ann@exam\x00ple.com":                 mailaddress.Invisible,
		"ann\r\n@example.com":                 mailaddress.Invisible,
		"ann@exam\u00adple.com":               mailaddress.Invisible, // a soft hyphen, which UTS 46 would drop
		"ann@exam\u200bple.com":               mailaddress.Invisible,
		"a\u200bnn@example.com":               mailaddress.Invisible,
		"\u202eann@example.com":               mailaddress.Invisible,
		"ann@exam\ufe0fple.com":               mailaddress.Invisible,
		"\u00a0ann@example.com":               mailaddress.Invisible,
		"ann@exam\xffple.com":                 mailaddress.Invisible,
		"ann@exam\u200dple.com":               mailaddress.DomainNotOne,
		"ann@example.com.":                    mailaddress.DomainEndsDot,
		"ann@example.com\u3002":               mailaddress.DomainEndsDot,
		"ann@.example.com":                    mailaddress.DomainNotOne,
		"ann@example..com":                    mailaddress.DomainNotOne,
		"ann@exa_mple.com":                    mailaddress.DomainNotOne,
		"ann@exam ple.com":                    mailaddress.DomainNotOne,
		"ann@-example.com":                    mailaddress.DomainNotOne,
		"ann@example-.com":                    mailaddress.DomainNotOne,
		"ann@ex--ample.com":                   mailaddress.DomainNotOne,
		"ann@xn--a.example":                   mailaddress.DomainNotOne,
		"ann@xn--.example":                    mailaddress.DomainNotOne,
		"ann@xn--example-.com":                mailaddress.DomainNotOne, // which hides example
		"ann@exam\u2100ple.com":               mailaddress.DomainNotOne, // which becomes a/c
		"ann@\u05d0a.example":                 mailaddress.DomainNotOne, // right to left, and left to right
		"ann@[127.0.0.1]":                     mailaddress.DomainNotOne,
		"ann@[IPv6:::1]":                      mailaddress.DomainNotOne,
		"ann@127.0.0.1":                       mailaddress.DomainIsNumber,
		"ann@\uff11\uff12\uff17.0.0.\uff11":   mailaddress.DomainIsNumber,
		"ann@2130706433":                      mailaddress.DomainIsNumber,
		"a@" + strings.Repeat("b", 64) + ".c": mailaddress.DomainNotOne,
		"a@" + domainOf(253):                  mailaddress.TooLong,
		// Short enough in U-labels, and too long in A-labels.
		"a@" + strings.Repeat("\u00e9.", 80) + "example": mailaddress.DomainNotOne,
	} {
		a, err := mailaddress.Parse(text)
		if !errors.Is(err, want) || a != "" {
			t.Errorf("%q is %q, %v; want %v", text, a, err, want)
		}
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"example.com": "example.com", "Example.COM": "example.com", "bücher.example": "xn--bcher-kva.example", "localhost": "localhost",
		"": "", ".": "", "*.example.com": "", "@example.com": "", "a/b": "", "example.com ": "",
	} {
		domain, err := mailaddress.ParseDomain(text)
		if (err == nil) != (want != "") || err == nil && domain != want {
			t.Errorf("%q is %q, %v; want %q", text, domain, err, want)
		}
	}
	a, err := mailaddress.Parse("ann@bücher.example")
	if err != nil || a.Domain() != "xn--bcher-kva.example" || mailaddress.Address("").Domain() != "" {
		t.Errorf("the domain of %s is %s, %v", a, a.Domain(), err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"ann@example.com", " Ann@Bücher.example ", "adm\u0130n@example.com", "\u212a@example.com", "a@xn--bcher-kva.example",
		"a@xn--.example", "a@\u200d.example", "a@例え。テスト", "hana..sato@example.com", "a,b@example.com", `"a"@b`, "a@1.2.3.4", "a@b.",
		"a@İ", "a@\u0660.example", "a@b\u0307.example", "a@xn--xn--a-gua.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := mailaddress.Parse(text)
		if err != nil {
			var fault mailaddress.Fault
			if !errors.As(err, &fault) || a != "" {
				t.Fatalf("%q is refused with %v, and is %q", text, err, a)
			}
			return
		}
		again, err := mailaddress.Parse(string(a))
		if err != nil || again != a {
			t.Errorf("%q is %q, which is %q, %v", text, a, again, err)
		}
		if strings.ContainsFunc(string(a), func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || unicode.IsUpper(r) }) {
			t.Errorf("%q is %q, which is not ASCII in lower case", text, a)
		}
		// Before the @ nothing changes but the case of ASCII letters.
		typed := strings.Trim(text, " \t\r\n\v\f")
		local, domain, _ := strings.Cut(string(a), "@")
		if !strings.HasPrefix(typed, typed[:len(local)]+"@") || asciiLower(typed[:len(local)]) != local || domain != a.Domain() {
			t.Errorf("%q is %q", text, a)
		}
		// What stands in a header or an envelope is read back as the same.
		parsed, err := mail.ParseAddress("<" + string(a) + ">")
		if err != nil || parsed.Address != string(a) || parsed.Name != "" {
			t.Errorf("%q is %q, which net/mail reads as %v, %v", text, a, parsed, err)
		}
		if list, err := mail.ParseAddressList(string(a)); err != nil || len(list) != 1 || list[0].Address != string(a) {
			t.Errorf("%q is %q, which net/mail reads as %v, %v", text, a, list, err)
		}
	})
}

func asciiLower(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, text)
}
