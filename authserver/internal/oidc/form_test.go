// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		encoded string
		refused bool
		value   string // of the parameter a
	}{
		"a value":                         {encoded: "a=b", value: "b"},
		"an encoded one":                  {encoded: "a=%C3%A9+%2B", value: "é +"},
		"none":                            {encoded: ""},
		"without a value":                 {encoded: "a"},
		"an empty value":                  {encoded: "a="},
		"twice":                           {encoded: "a=b&a=b", refused: true},
		"twice, once empty":               {encoded: "a=b&a=", refused: true},
		"twice under an encoded name":     {encoded: "a=b&%61=c", refused: true},
		"another one twice":               {encoded: "a=b&x=1&x=2", refused: true},
		"a resource twice":                {encoded: "a=b&resource=1&resource=2", value: "b"},
		"a control character":             {encoded: "a=b%00", refused: true},
		"a control character in resource": {encoded: "resource=1&resource=%0d", refused: true},
		"not UTF-8":                       {encoded: "a=%ff", refused: true},
		"a bad escape":                    {encoded: "a=%f", refused: true},
		"a semicolon":                     {encoded: "a=b;c=d", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := parseForm(c.encoded)
			if refused := errors.Is(err, &Error{Code: InvalidRequest}); refused != c.refused || f.get("a") != c.value {
				t.Errorf("read %q, %v", f.get("a"), err)
			}
		})
	}
}

// Whatever is sent, what is read is clean, stands once, and is quoted by no refusal.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"grant_type=client_credentials&scope=a+b", "a=1&a=2", "resource=a&resource=b", "a=%00", "%ff=%fe", "a=%", ";", "&&==&", "a=b&%61=c",
		"client_secret=hunter2&client_secret=hunter2", strings.Repeat("a=1&", 2000), "=x", "\x00=\x01",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(body))
		r.Header.Set("Content-Type", formType)
		read, err := readForm(httptest.NewRecorder(), r)
		if refusal, ok := asError(err); err != nil && (!ok || refusal.Code != InvalidRequest || strings.ContainsFunc(refusal.Description, notDescribable)) {
			t.Fatalf("refused with %v", err)
		}
		for name, values := range read.values {
			if len(values) != 1 && name != resourceParameter && name != audienceParameter {
				t.Errorf("%q stands %d times", name, len(values))
			}
			for _, value := range values {
				if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
					t.Errorf("%q is %q", name, value)
				}
			}
		}
	})
}

// notDescribable finds what no error_description has (RFC 6749, section 5.2).
func notDescribable(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

func FuzzScope(f *testing.F) {
	for _, seed := range []string{"openid profile", "  a  a ", `"`, "\\", "é", "\x00", strings.Repeat("a ", 1000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scopes, err := parseScope(text)
		if err != nil {
			if !errors.Is(err, &Error{Code: InvalidScope}) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		again, err := parseScope(formatScope(scopes))
		if err != nil || len(again) != len(scopes) {
			t.Errorf("%q is read as %q, and that as %q, %v", text, scopes, again, err)
		}
	})
}
