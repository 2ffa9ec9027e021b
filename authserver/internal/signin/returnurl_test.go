// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func allowedReturns() []string {
	return []string{
		"https://app.example.com/signed-in", "https://app.example.com/pages/", "https://root.example.com",
		"https://whole.example.com/", "http://localhost:3000/", "https://kiosk.example.com/",
		"https://Port.Example.com:443/", "https://escaped.example.com/caf%c3%a9",
	}
}

func TestReturnURL(t *testing.T) {
	t.Parallel()
	cases := map[string]bool{
		"https://app.example.com/signed-in":             true,
		"https://app.example.com/signed-in?tab=1&x=%26": true,
		"https://APP.example.com/signed-in":             true,
		"https://app.example.com:443/signed-in":         true, // the port that goes without saying
		"https://app.example.com/pages/caf%c3%a9":       true,
		"https://app.example.com/%73igned-in":           true, // the same octets
		"https://port.example.com/":                     true,
		"https://escaped.example.com/caf%C3%A9":         true,
		"https://app.example.com/pages/":                true,
		"https://app.example.com/pages/one/two":         true,
		"https://app.example.com/pages/caf%C3%A9":       true,
		"https://root.example.com":                      true,
		"https://root.example.com/":                     true,
		"https://whole.example.com":                     true,
		"https://whole.example.com/anything":            true,
		"http://localhost:3000/callback":                true,

		"https://%E2%84%AAiosk.example.com/":                 false, // the Kelvin sign
		"https://kio%C5%BFk.example.com/":                    false, // a long s
		"":                                                   false,
		"/signed-in":                                         false,
		"//app.example.com/signed-in":                        false,
		"app.example.com/signed-in":                          false,
		"http://app.example.com/signed-in":                   false,
		"https:app.example.com/signed-in":                    false,
		"https:///app.example.com/signed-in":                 false,
		"javascript:alert(1)":                                false,
		"data:text/html,x":                                   false,
		"https://app.example.com/signed-in/":                 false,
		"https://app.example.com/signed-inx":                 false,
		"https://app.example.com/Signed-in":                  false,
		"https://app.example.com/pages":                      false,
		"https://app.example.com/pages/../signed-out":        false,
		"https://app.example.com/pages/%2e%2e/signed-out":    false,
		"https://app.example.com/pages/%2E./signed-out":      false,
		"https://app.example.com/pages/..%2fsigned-out":      false,
		"https://app.example.com/pages/..\\signed-out":       false,
		"https://app.example.com/pages/%5c..%5csigned-out":   false,
		"https://app.example.com/pages/..;/signed-out":       false,
		"https://app.example.com/pages//evil.example":        false,
		"https://app.example.com/pages/./x":                  false,
		"https://app.example.com/signed-in#fragment":         false,
		"https://app.example.com/signed-in#":                 false,
		"https://app.example.com:8443/signed-in":             false,
		"https://app.example.com./signed-in":                 false,
		"https://app.example.com.evil.example/signed-in":     false,
		"https://evil.example/https://app.example.com/":      false,
		"https://app.example.com@evil.example/signed-in":     false,
		"https://user@app.example.com/signed-in":             false,
		"https://evil.example\\@app.example.com/signed-in":   false,
		"https://evil.example#@app.example.com/signed-in":    false,
		"https://app.example.com%2eevil.example/signed-in":   false,
		"https://app.example.com\t.evil.example/signed-in":   false,
		" https://app.example.com/signed-in":                 false,
		"https://app.example.com/signed-in\r\nSet-Cookie: x": false,
		"https://app.example.com/signed-in?a=%zz":            false,
		"https://app.example.com/signed-in?a=1;b=2":          false,
		"https://root.example.com/below":                     false,
		"https://root.example.com?":                          true,
		"http://localhost/callback":                          false,
		"http://localhost:30000/callback":                    false,
		"http://localhost:3000@evil.example/":                false,
		"https://аpp.example.com/signed-in":                  false, // Cyrillic
		"https://app.example.com/signed-in?x=é":              false,
	}
	for raw, want := range cases {
		if _, err := CheckReturnURL(allowedReturns(), raw); (err == nil) != want {
			t.Errorf("%q is allowed: %t", raw, err == nil)
		}
	}
	if _, err := CheckReturnURL(nil, "https://app.example.com/"); err == nil {
		t.Error("with no list, an address is allowed")
	}
}

// Whatever is let through, a browser goes to a host of the list, by a path that
// needs no resolving, and the code that is added is all that is added.
func FuzzReturnURL(f *testing.F) {
	for _, seed := range []string{
		"https://app.example.com/pages/x?y=z", "https://app.example.com@evil.example/", "https:\\\\evil.example",
		"http://localhost:3000/%2e%2e/", "https://whole.example.com/?code=mine&code=yours",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := CheckReturnURL(allowedReturns(), raw)
		if err != nil {
			return
		}
		sent := WithQuery(u.String(), "code", "rkc_x")
		again, err := url.Parse(sent)
		if err != nil {
			t.Fatalf("%q becomes %q, which is no URL", raw, sent)
		}
		host := strings.ToLower(again.Host)
		if again.Scheme == "https" {
			host = strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":")
		}
		known := slices.Contains([]string{
			"app.example.com", "root.example.com", "whole.example.com", "kiosk.example.com", "port.example.com", "escaped.example.com", "localhost:3000",
		}, host)
		if !known || again.User != nil || strings.ContainsAny(sent, "\\\r\n\t #@") && !strings.Contains(again.EscapedPath(), "@") {
			t.Errorf("%q becomes %q", raw, sent)
		}
		if codes := again.Query()["code"]; len(codes) != 1 || codes[0] != "rkc_x" {
			t.Errorf("%q becomes %q", raw, sent)
		}
		if clean := again.JoinPath(); clean.Path != again.Path && clean.Path != again.Path+"/" {
			t.Errorf("%q has a path to resolve", sent)
		}
	})
}
