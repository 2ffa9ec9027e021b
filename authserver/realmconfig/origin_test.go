// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestOriginsAreWrittenAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://app.example.com":            "https://app.example.com",
		"https://App.Example.COM":            "https://app.example.com",
		"HTTPS://app.example.com":            "https://app.example.com",
		"https://app.example.com:443":        "https://app.example.com",
		"https://app.example.com:":           "https://app.example.com",
		"https://app.example.com:8443":       "https://app.example.com:8443",
		"https://app.example.com:08443":      "https://app.example.com:8443",
		"https://app.example.com:80":         "https://app.example.com:80",
		"http://localhost:80":                "http://localhost",
		"http://localhost:443":               "http://localhost:443",
		"http://localhost:3000":              "http://localhost:3000",
		"https://my_app.example.com":         "https://my_app.example.com",
		"https://xn--bcher-kva.example":      "https://xn--bcher-kva.example",
		"https://192.0.2.7":                  "https://192.0.2.7",
		"https://[2001:DB8:0:0:0:0:0:7]":     "https://[2001:db8::7]",
		"http://[::1]:3000":                  "http://[::1]:3000",
		"https://app.example.com/path?a#b":   "https://app.example.com",
		"https://app.example.com.":           "",
		"https://app..example.com":           "",
		"https://*.example.com":              "",
		"https://bücher.example":             "",
		"https://me@app.example.com":         "",
		"https://app.example.com:0":          "",
		"https://app.example.com:65536":      "",
		"https://192.0.2":                    "", // which a browser takes for 192.0.0.2
		"https://3221225991":                 "",
		"https://192.0.2.07":                 "",
		"https://192.0.2.0x7":                "",
		"https://256.0.0.1":                  "",
		"https://[::ffff:192.0.2.7]":         "https://[::ffff:c000:207]",
		"https://[fe80::1%25eth0]":           "",
		"https://" + strings.Repeat("a", 64): "",
		"ftp://app.example.com":              "",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := realmconfig.Origin(u); got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v, want %q", raw, got, err, want)
		}
	}
}

// What is written in another form works, and what no browser would ever match is
// refused.
func TestLoadWritesOriginsAsBrowsersDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := goodConfig()
	config.Browser.AllowedOrigins = []string{"https://App.Example.com:443", "http://localhost:3000"}
	config.Browser.ReturnURLs = []string{"https://App.Example.com:443/Back/", "https://other.example.com", "https://a.example/caf%c3%a9"}
	writeDocument(t, dir, realmconfig.ConfigFile, config)
	writeDocument(t, dir, realmconfig.KeysetFile, goodKeyset(t))
	writeDocument(t, dir, realmconfig.EncryptionKeysFile, goodEncryptionKeys())
	s, err := realmconfig.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Config.Browser.AllowedOrigins, []string{"https://app.example.com", "http://localhost:3000"}; !slices.Equal(got, want) {
		t.Errorf("the origins are %v, want %v", got, want)
	}
	if got, want := s.Config.Browser.ReturnURLs, []string{"https://app.example.com/Back/", "https://other.example.com", "https://a.example/caf%c3%a9"}; !slices.Equal(got, want) {
		t.Errorf("the return URLs are %v, want %v", got, want)
	}
}

func TestAddressesThatNobodyIsAt(t *testing.T) {
	t.Parallel()
	const one = "must name one host, in ASCII"
	for name, c := range map[string]struct {
		change  func(*realmconfig.Config)
		problem string
	}{
		"an origin of many hosts":       {origins("https://*.example.com"), "browser.allowedOrigins[0]: must be an origin such as"},
		"an origin in U-labels":         {origins("https://bücher.example"), one},
		"an origin with a dot at end":   {origins("https://app.example.com."), one},
		"an origin with a slash":        {origins("https://app.example.com/"), "must be an origin such as"},
		"an origin with a query":        {origins("https://app.example.com?"), "must be an origin such as"},
		"an origin with a fragment":     {origins("https://app.example.com#"), "must be an origin such as"},
		"an origin with a user":         {origins("https://me@app.example.com"), "must be an origin such as"},
		"an origin with a space":        {origins("https://app.example.com "), "must be an origin such as"},
		"an origin at a short address":  {origins("https://127.1"), "must have a host name, or an IP address"},
		"an origin at no port":          {origins("https://app.example.com:70000"), "must be an origin such as"},
		"a return URL of many hosts":    {returns("https://*.example.com/"), "browser.returnURLs[0]: must be a URL"},
		"a return URL in U-labels":      {returns("https://bücher.example/"), one},
		"a return URL with a dot":       {returns("https://app.example.com./"), one},
		"a return URL to resolve":       {returns("https://app.example.com/a/../b"), "must have a path without"},
		"a return URL in disguise":      {returns("https://app.example.com/%2e%2e/b"), "must have a path without"},
		"a return URL with two slashes": {returns("https://app.example.com//b"), "must have a path without"},
		"a return URL of parameters":    {returns("https://app.example.com/a;b"), "must have a path without"},
		"a return URL with a space":     {returns("https://app.example.com/a b"), "must be a URL"},
		"help at many hosts":            {func(c *realmconfig.Config) { c.UI.SupportURL = "https://*.example.com" }, "ui.supportURL: must be a URL"},
		"a reset page with a space":     {func(c *realmconfig.Config) { c.Browser.ResetPasswordURL = "https://a.example/{token} " }, "browser.resetPasswordURL: must be a URL"},
		"traces to no port":             {func(c *realmconfig.Config) { c.Tracing = traces("https://otel.example:0", 1) }, "tracing.endpoint: must be a URL"},
		"help at a host of other letters, which browsers write their way": {func(c *realmconfig.Config) { c.UI.SupportURL = "https://Bücher.example:443/hilfe#ü" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := goodConfig()
			c.change(&config)
			expectProblem(t, config.Validate(), c.problem)
		})
	}
}

func origins(list ...string) func(*realmconfig.Config) {
	return func(c *realmconfig.Config) { c.Browser.AllowedOrigins = list }
}

func returns(list ...string) func(*realmconfig.Config) {
	return func(c *realmconfig.Config) { c.Browser.ReturnURLs = list }
}
