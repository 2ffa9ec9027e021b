// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// wrongly are ways to encode a parameter that nothing can be read from, after its name.
func wrongly() map[string]string {
	return map[string]string{
		"no escape": "=" + marker + "%zz", "half an escape": "=" + marker + "%4", "a semicolon": "=" + marker + ";x=y",
		"NUL": "=" + marker + "%00", "a line break": "=" + marker + "%0d%0aSet-Cookie:%20admin=1", "bytes that are no text": "=" + marker + "%ff%fe",
	}
}

// without are the parameters but for one, encoded, with & behind them.
func without(values url.Values, name string) string {
	rest := cloneOf(values)
	rest.Del(name)
	if len(rest) == 0 {
		return ""
	}
	return rest.Encode() + "&"
}

// ask brings a request to an endpoint for browsers, as an address or as the form of another
// site.
func (b *pageBrowser) ask(method, path, encoded string) {
	b.t.Helper()
	b.away = nil
	address, body := issuer+path, encoded
	if method == http.MethodGet {
		address, body = address+"?"+encoded, ""
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
	}
	b.send(r)
}

// quotes reports whether a page has a text anywhere but where it says its own address, to
// which another language leads back.
func (b *pageBrowser) quotes(text string) bool {
	b.t.Helper()
	own := `name="back" value="`
	before, rest, found := strings.Cut(b.body, own)
	_, after, _ := strings.Cut(rest, `"`)
	return strings.Contains(before, text) || found && strings.Contains(after, text)
}

// largest is a value that no request of a method may have: one that the server reads at all.
func largest(method string) string {
	if method == http.MethodGet {
		return marker + strings.Repeat("A", 13<<10)
	}
	return marker + strings.Repeat("A", 1<<20)
}

// Whatever an application, or somebody in its name, asks for: the answer is a page here
// until client and address are known to be good, and afterwards an error at that address.
func TestTheAuthorizationEndpointWithstandsHostileParameters(t *testing.T) {
	t.Parallel()
	r, c := newResourcefulRealm(t)
	s := r.serve()
	f, b := s.newApplication(c, "openid").newFlow(), s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	at, err := url.Parse(f.address())
	if err != nil {
		t.Fatal(err)
	}
	genuine := at.Query()
	for name, value := range map[string]string{
		"response_mode": "query", "prompt": "none", "max_age": "1000000", "display": "page", "ui_locales": "de", "claims_locales": "de", "acr_values": "1",
		"login_hint": adminEmail, "claims": `{"userinfo":{"email":null}}`, "resource": orders, "code_challenge_method": "S256", "x": "y",
	} {
		genuine.Set(name, value)
	}
	names := []string{"request", "request_uri", "registration", "id_token_hint", "client_secret", "code_verifier"}
	for name := range genuine {
		names = append(names, name)
	}
	// told is what the client is told: a code, or which error; empty where it is told nothing.
	told := func() string {
		t.Helper()
		switch page := b.away == nil; {
		case b.status >= http.StatusInternalServerError:
			return "a fault of the realm's"
		case page && (b.status != http.StatusBadRequest || !strings.Contains(b.header.Get("Content-Type"), "text/html") || b.quotes(marker)):
			return "neither a page nor an answer"
		case page:
			return ""
		case !strings.HasPrefix(b.away.String(), c.RedirectURIs[0]+"?") || b.away.Query().Get("iss") != issuer:
			return "an answer for somebody else"
		case strings.Contains(b.away.RawQuery, marker) && b.away.Query().Get("error") == "":
			return "a code beside a hostile value"
		}
		if code := b.away.Query().Get("code"); code != "" {
			suite.secrets.used(code)
			return "a code"
		}
		return b.away.Query().Get("error")
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		expect := func(what, encoded, want string) {
			t.Helper()
			b.ask(method, "/oauth2/authorize", encoded)
			if got := told(); got != want {
				t.Errorf("%s: %s: the client is told %q, not %q; the browser is away at %v, with %d", method, what, got, want, b.away, b.status)
			}
		}
		expect("in order", genuine.Encode(), "a code")
		for _, name := range names {
			target := name == "client_id" || name == "redirect_uri"
			orPage := func(code string) string {
				if target {
					return ""
				}
				return code
			}
			given := cmp.Or(genuine.Get(name), marker)
			twice := orPage("invalid_request")
			if name == "resource" { // of which there may be several
				twice = "invalid_target"
			}
			expect(name+" twice", without(genuine, name)+url.Values{name: {given, marker}}.Encode(), twice)
			expect(name+" twice, once empty", without(genuine, name)+url.Values{name: {given, ""}}.Encode(), map[bool]string{true: "a code", false: orPage("invalid_request")}[name == "resource"])
			expect(name+" far too long", without(genuine, name)+url.Values{name: {largest(method)}}.Encode(), "")
			for kind, ending := range wrongly() {
				want := "" // nothing can be read from the request
				if !slices.Contains([]string{"no escape", "half an escape", "a semicolon"}, kind) {
					want = orPage("invalid_request")
				}
				expect(name+" with "+kind, without(genuine, name)+name+ending, want)
			}
			b.ask(method, "/oauth2/authorize", without(genuine, name))
			expect(name+" empty", without(genuine, name)+name+"=", told())
		}
	}
	if n := query[int](r, "SELECT count(*) FROM grants"); n != 0 {
		t.Errorf("%d grants have begun", n)
	}
}

func TestTheLogoutEndpointWithstandsHostileParameters(t *testing.T) {
	t.Parallel()
	c := newWebClient(leavable)
	s := newRealmOfClients(t, c).serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	genuine := url.Values{"client_id": {c.ID}, "post_logout_redirect_uri": {bye}, "state": {"s"}, "ui_locales": {"de"}, "logout_hint": {"ann"}}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		expect := func(what, encoded string, statuses ...int) {
			t.Helper()
			b.ask(method, "/oauth2/end-session", encoded)
			if b.away != nil || !slices.Contains(statuses, b.status) || b.quotes(marker) {
				t.Errorf("%s: %s: the browser is away at %v, with %d", method, what, b.away, b.status)
			}
		}
		const asked, page = http.StatusOK, http.StatusBadRequest
		expect("in order", genuine.Encode(), asked)
		for _, name := range []string{"client_id", "post_logout_redirect_uri", "state", "id_token_hint", "ui_locales", "logout_hint", "x"} {
			read := slices.Contains([]string{"client_id", "post_logout_redirect_uri", "state", "id_token_hint"}, name)
			refused := map[bool]int{true: page, false: asked}[read]
			expect(name+" twice", without(genuine, name)+url.Values{name: {cmp.Or(genuine.Get(name), marker), marker}}.Encode(), refused)
			expect(name+" far too long", without(genuine, name)+url.Values{name: {largest(method)}}.Encode(), page)
			for kind, ending := range wrongly() {
				want := page
				if !slices.Contains([]string{"no escape", "half an escape", "a semicolon"}, kind) {
					want = refused
				}
				expect(name+" with "+kind, without(genuine, name)+name+ending, want)
			}
			b.ask(method, "/oauth2/end-session", without(genuine, name))
			expect(name+" empty", without(genuine, name)+name+"=", b.status)
		}
	}
	b.open("/account")
	b.sees("/account", http.StatusOK) // nobody was signed out unasked
}

func TestWhatIsSealedIsReadOrRefused(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, newWebClient()).serve()
	b := s.newPageBrowser()
	for kind, encoded := range wrongly() {
		b.ask(http.MethodGet, "/oauth2/resume", "journey"+encoded)
		if b.sees("/oauth2/resume", http.StatusBadRequest); b.quotes(marker) {
			t.Errorf("%s is quoted", kind)
		}
	}
	for _, encoded := range []string{"", "journey=", "journey=" + marker + "&journey=" + marker, "journey=" + largest(http.MethodGet)} {
		b.ask(http.MethodGet, "/oauth2/resume", encoded)
		b.sees("/oauth2/resume", http.StatusBadRequest)
	}
}

func TestUserInfoWithstandsHostileTokens(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, newWebClient()).serve()
	suite.secrets.used(marker)
	send := func(method, query, body string, header ...string) answer {
		t.Helper()
		r := newFormRequest(t, "/oauth2/userinfo"+query, body)
		r.Method, r.Header["Authorization"] = method, header
		a := s.do(r)
		if strings.Contains(a.Body, marker) || strings.Contains(a.Header.Get("WWW-Authenticate"), marker) {
			t.Errorf("the answer quotes the token: %s", a.Body)
		}
		return a
	}
	const get, post = http.MethodGet, http.MethodPost
	refused(t, send(post, "", "access_token="+marker+"&access_token="+marker), http.StatusBadRequest, "invalid_request")
	refused(t, send(post, "", "access_token="+marker+"&x=1&x=2"), http.StatusBadRequest, "invalid_request")
	refused(t, send(post, "", "access_token="+marker, "Bearer "+marker), http.StatusBadRequest, "invalid_request")
	refused(t, send(post, "?access_token="+marker, "access_token="+marker), http.StatusBadRequest, "invalid_request")
	refused(t, send(post, "", "access_token="+largest(post)), http.StatusRequestEntityTooLarge, "invalid_request")
	refused(t, send(post, "", "access_token="+marker), http.StatusUnauthorized, "invalid_token")
	refused(t, send(get, "", "", "Bearer "+marker, "Bearer "+marker), http.StatusUnauthorized, "invalid_token")
	refused(t, send(get, "", "", "Bearer "+marker+strings.Repeat("A", 8<<10)), http.StatusUnauthorized, "invalid_token")
	refused(t, send(get, "", "", "Basic "+marker), http.StatusUnauthorized, "invalid_token")
	for _, encoded := range wrongly() {
		refused(t, send(post, "", "access_token"+encoded), http.StatusBadRequest, "invalid_request")
	}
	for _, a := range []answer{send(post, "", "access_token="), send(post, "", ""), send(get, "?access_token="+marker, "")} {
		if challenge := a.Header.Get("WWW-Authenticate"); a.Status != http.StatusUnauthorized || challenge != `Bearer realm="`+issuer+`"` {
			t.Errorf("a request without a token is answered %d %q", a.Status, challenge)
		}
	}
}

// Whatever is shown in whatever place, the answer is one of RFC 6749 and does not have it.
func TestEndpointsOfClientsWithstandHostileParameters(t *testing.T) {
	t.Parallel()
	web := newOAuthClient("web", byPost, func(c *oauthClient) {
		c.GrantTypes = append(c.GrantTypes, realmconfig.AuthorizationCodeGrant, realmconfig.RefreshTokenGrant)
		c.RedirectURIs = []string{appURL + "callback"}
	})
	s := newRealmWithClients(t, web).serve()
	suite.secrets.used(marker)
	own := url.Values{"client_id": {web.ID}, "client_secret": {web.secret}}
	requests := map[string]url.Values{introspectPath: {"token": {"x"}}, revokePath: {"token": {"x"}}}
	for grant, parameters := range map[string]url.Values{
		"client_credentials": {}, "refresh_token": {"refresh_token": {"rkg_x"}},
		"authorization_code": {"code": {"rka_x"}, "redirect_uri": {appURL + "callback"}, "code_verifier": {strings.Repeat("v", 43)}},
	} {
		parameters.Set("grant_type", grant)
		requests[tokenPath+" "+grant] = parameters
	}
	long := marker + strings.Repeat("A", 43-len(marker))
	for to, parameters := range requests {
		path, _, _ := strings.Cut(to, " ")
		for name, value := range own {
			parameters[name] = value
		}
		for _, name := range []string{
			"client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type", "code", "code_verifier", "refresh_token", "redirect_uri",
			"token", "token_type_hint", "scope", "resource", "username", "password", marker,
		} {
			for kind, ending := range map[string]string{
				"once": "=" + marker, "as one of ours": "=rka_" + long, "as a refresh token": "=rkg_" + long, "as a JWT": "=e30." + marker + ".e30",
				"twice": "=" + marker + "&" + name + "=" + marker, "far too long": "=" + largest(http.MethodPost), "with quotes": "=%22" + marker + "%5C",
			} {
				a := s.do(newFormRequest(t, path, without(parameters, name)+name+ending))
				if a.Status >= http.StatusInternalServerError || strings.Contains(a.Body, marker) {
					t.Errorf("%s: %s %s is answered %d %s", to, name, kind, a.Status, a.Body)
				}
				for header, values := range a.Header {
					if strings.Contains(strings.Join(values, " "), marker) {
						t.Errorf("%s: %s %s is quoted in the header %s", to, name, kind, header)
					}
				}
				switch {
				case kind == "far too long":
					s.refuses(a, http.StatusRequestEntityTooLarge, "invalid_request")
				case kind == "twice" && name != "resource":
					s.refuses(a, http.StatusBadRequest, "invalid_request")
				case a.Status >= http.StatusBadRequest:
					s.refuses(a, a.Status, decode[refusal](t, a, a.Status).Error)
				}
			}
			absent := s.do(newFormRequest(t, path, without(parameters, name)))
			empty := s.do(newFormRequest(t, path, without(parameters, name)+name+"="))
			if empty.Status != absent.Status || empty.Status >= http.StatusBadRequest && empty.Body != absent.Body {
				t.Errorf("%s: without %s it is answered %d %s, with an empty one %d %s", to, name, absent.Status, absent.Body, empty.Status, empty.Body)
			}
			for kind, ending := range wrongly() {
				a := s.do(newFormRequest(t, path, without(parameters, name)+name+ending))
				if s.refuses(a, http.StatusBadRequest, "invalid_request"); strings.Contains(a.Body, marker) {
					t.Errorf("%s: %s with %s is quoted: %s", to, name, kind, a.Body)
				}
			}
		}
	}
}
