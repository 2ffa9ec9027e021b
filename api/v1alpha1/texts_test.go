// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"
)

// texts are those that some field may take, and those that look like them.
func texts() []string {
	return []string{
		"", " ", "x", "Example", "two words", "a\nb", "tab\there", "\u202egnirts", "bücher", strings.Repeat("a", 64), strings.Repeat("a", 254),
		"#0a84ff", "#0A84FF", "#0a84fg", "0a84ff", "#fff",
		"a@b.example", "Ann <a@b.example>", "a@b", "@b.example", "a@bücher.example", "a@b.example, c@d.example",
		"smtp.example.com", "smtp.example.com:25", "10.0.0.1", "::1", "[::1]", "-a.example", "a..b",
		"10.0.0.0/8", "10.0.0.1/8", "2001:db8::/32", "10.0.0.0/33", "0.0.0.0/0",
		"https://a.example", "https://a.example/", "https://a.example/path", "https://a.example/path/", "https://a.example:8443/x",
		"https://a.example/x?token={token}", "https://a.example/{token}", "https://a.example?x=1", "https://a.example/#x", "https://{token}.example/",
		"https://user:secret@a.example/", "https://a.example/..//x", "https://a.example/%2e%2e/x", "https://A.example", "https://bücher.example/",
		"http://a.example", "http://localhost:3000/x", "http://127.0.0.1/x", "https://", "https:///x", "ftp://a.example", "mailto:a@b.example", "javascript:alert(1)",
		"*", "null", "com.example.app:/callback", "com.example.app://callback", "https://a.example/x?code=1", "https://a.example/%zz", "https://a.example:0/",
		"https://a.example:70000/", "https://a.example./", "http://localhost.example/", "openid", "a b", `a"b`, `a\\b`,
		"https://*.example", "+4930901820", "AC0123456789abcdef0123456789abcdef", "2026-01-31T12:00:00Z",
	}
}

// A document that no auth server takes would leave its realm with the settings of
// before: whatever the API server has let through, an auth server has to take.
func TestTheAuthServerTakesEveryTextThatTheKindTakes(t *testing.T) {
	t.Parallel()
	for kind, side := range sides(t) {
		for path, f := range fieldsOf(specOf(t, kind), "", side.settings) {
			s := side.settings[path]
			if s.not != "" || f.kind != "" {
				continue
			}
			t.Run(kind+" "+path, func(t *testing.T) {
				t.Parallel()
				for _, text := range texts() {
					encoded, err := json.Marshal(withValue(side.spec, path, text))
					if err != nil {
						t.Fatal(err)
					}
					if submit(t, kind, "realm", string(encoded)) != nil {
						continue
					}
					if err := side.refusedByServer(t, side.within+cmp.Or(s.in, path), text); err != nil {
						t.Errorf("%q is taken by the kind and refused by the auth server: %v", text, err)
					}
				}
			})
		}
	}
}
