// SPDX-License-Identifier: Apache-2.0

package request

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestWhatAnotherPageMadeABrowserSendIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method string
		header http.Header
		ok     bool
	}{
		"a form of ours":                  {http.MethodPost, http.Header{"Sec-Fetch-Site": {"same-origin"}}, true},
		"a form of somebody else":         {http.MethodPost, http.Header{"Sec-Fetch-Site": {"cross-site"}}, false},
		"a neighbour's form":              {http.MethodPost, http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
		"an old browser, another origin":  {http.MethodPost, http.Header{"Origin": {"https://evil.example"}}, false},
		"a link on somebody else's page":  {http.MethodGet, http.Header{"Sec-Fetch-Site": {"cross-site"}}, true},
		"a program, which has no cookies": {http.MethodPost, http.Header{}, true},
	} {
		r := httptest.NewRequest(c.method, "https://auth.example.com/account/delete", nil)
		r.Header = c.header
		err := CheckOrigin(r)
		if refused := errors.Is(err, &auth.Error{Code: auth.PermissionDenied}); refused == c.ok || (err != nil) != refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyPagesOfAllowedOriginsMayRead(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	for name, c := range map[string]struct {
		origins []string
		ok      bool
	}{
		"an allowed one":     {[]string{app}, true},
		"another":            {[]string{"https://evil.example"}, false},
		"none":               {nil, false},
		"two, one of them":   {[]string{app, "https://evil.example"}, false},
		"one that begins so": {[]string{app + ".evil.example"}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/user/profile", nil)
		r.Header["Origin"] = c.origins
		h := http.Header{}
		if ok := AllowOrigin(h, r, []string{app}); ok != c.ok || (h.Get("Access-Control-Allow-Origin") == app) != c.ok {
			t.Errorf("%s: allowed %t, headers %v", name, ok, h)
		}
		if h.Get("Vary") != "Origin" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: headers are %v", name, h)
		}
	}
}
