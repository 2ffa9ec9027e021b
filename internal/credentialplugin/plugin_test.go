// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
)

const (
	issuer   = "https://login.example.com"
	clientID = "kubernetes.kubectl"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func newPlugin(t *testing.T) *Plugin {
	t.Helper()
	return &Plugin{Issuer: issuer, ClientID: clientID, Dir: t.TempDir() + "/cache", Tell: io.Discard, Now: func() time.Time { return noon }}
}

// An answer counts if it is of the issuer that was asked.
func TestAnswersOfTheIssuer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer      string
		namesItself bool
		code, wrong string
	}{
		"a code":                             {answer: "code=c&state=s&iss=https://login.example.com", namesItself: true, code: "c"},
		"a code of an issuer without a name": {answer: "code=c&state=s", code: "c"},
		"a code that lacks the name":         {answer: "code=c&state=s", namesItself: true, wrong: "not that of the issuer"},
		"a code of another issuer":           {answer: "code=c&state=s&iss=https://evil.example.com", wrong: "not that of the issuer"},
		"no code":                            {answer: "state=s", wrong: "no code"},
		"two codes":                          {answer: "code=c&code=d&state=s", wrong: `"code" more than once`},
		"a refusal":                          {answer: "error=access_denied&state=s", wrong: "the issuer refuses: access_denied"},
		"a refusal that draws on the screen": {answer: "error=no&error_description=%1b[2J&state=s", wrong: "the issuer refuses: no (?[2J)"},
		"a refusal of another issuer":        {answer: "error=no&iss=https://evil.example.com&state=s", wrong: "not that of the issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, err := url.ParseQuery(c.answer)
			if err != nil {
				t.Fatal(err)
			}
			code, err := codeOf(values, issuer, c.namesItself)
			if code != c.code || c.wrong == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("code %q, %v", code, err)
			}
		})
	}
}

// Whatever else is sent to the open port leaves the sign-in under way.
func TestStrangersDoNotEndASignIn(t *testing.T) {
	t.Parallel()
	answers := make(chan url.Values, 1)
	handler := awaiting("state", answers)
	send := func(method, target string) int {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, target, http.NoBody))
		return w.Code
	}
	for name, status := range map[string]int{
		"no state":          send(http.MethodGet, "/?error=access_denied"),
		"another state":     send(http.MethodGet, "/?code=c&state=guessed"),
		"two states":        send(http.MethodGet, "/?code=c&state=state&state=guessed"),
		"another path":      send(http.MethodGet, "/callback?code=c&state=state"),
		"a form":            send(http.MethodPost, "/?code=c&state=state"),
		"a damaged address": send(http.MethodGet, "/?code=c&state=state&x=%zz"),
	} {
		if status != http.StatusNotFound {
			t.Errorf("%s is answered %d", name, status)
		}
	}
	if len(answers) > 0 {
		t.Fatalf("%v is taken for an answer", <-answers)
	}
	if first, again := send(http.MethodGet, "/?code=c&state=state"), send(http.MethodGet, "/?code=d&state=state"); first != http.StatusOK || again != http.StatusOK {
		t.Errorf("an answer is answered %d, and %d again", first, again)
	}
	if got := <-answers; got.Get("code") != "c" {
		t.Errorf("the answer is %v", got)
	}
}

// An ID token is judged by OpenID Connect Core 1.0, sections 3.1.3.7 and 12.2.
func TestIDTokens(t *testing.T) {
	t.Parallel()
	const ours = `"iss":"https://login.example.com","aud":"kubernetes.kubectl"`
	first, refreshed := kept{Nonce: "n"}, kept{Nonce: "n", Subject: "ann"}
	at := func(d time.Duration) string {
		return fmt.Sprintf(`"iat":%d,"exp":%d`, noon.Add(d).Unix(), noon.Add(d+time.Minute).Unix())
	}
	for name, c := range map[string]struct {
		claims string
		before kept
		wrong  string
	}{
		"the first":                          {ours + `,"sub":"ann","nonce":"n",` + at(0), first, ""},
		"a later one":                        {ours + `,"sub":"ann","nonce":"n",` + at(0), refreshed, ""},
		"a later one without the nonce":      {ours + `,"sub":"ann",` + at(0), refreshed, ""},
		"one for several":                    {`"iss":"https://login.example.com","aud":["a","kubernetes.kubectl"],"azp":"kubernetes.kubectl","sub":"ann","nonce":"n",` + at(0), first, ""},
		"by a clock that is slow":            {ours + `,"sub":"ann","nonce":"n",` + at(-2*time.Minute), first, ""},
		"of another issuer":                  {`"iss":"https://evil.example.com","aud":"kubernetes.kubectl","sub":"ann","nonce":"n",` + at(0), first, "not for us"},
		"for another client":                 {`"iss":"https://login.example.com","aud":"shop","sub":"ann","nonce":"n",` + at(0), first, "not for us"},
		"for several, of another":            {`"iss":"https://login.example.com","aud":["shop","kubernetes.kubectl"],"azp":"shop","sub":"ann","nonce":"n",` + at(0), first, "another client's"},
		"without an end":                     {ours + `,"sub":"ann","nonce":"n"`, first, "not for us"},
		"that has expired":                   {ours + `,"sub":"ann","nonce":"n",` + at(-time.Hour), first, "not for us"},
		"of nobody":                          {ours + `,"nonce":"n",` + at(0), first, "somebody else"},
		"of somebody else":                   {ours + `,"sub":"bob","nonce":"n",` + at(0), refreshed, "somebody else"},
		"of another sign-in":                 {ours + `,"sub":"ann","nonce":"m",` + at(0), first, "another sign-in"},
		"of no sign-in":                      {ours + `,"sub":"ann",` + at(0), first, "another sign-in"},
		"of another sign-in, when refreshed": {ours + `,"sub":"ann","nonce":"m",` + at(0), refreshed, "another sign-in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newPlugin(t).judge(encoded(c.claims), c.before)
			if c.wrong == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("judged %v", err)
			}
		})
	}
}

// encoded is a token that nobody has signed.
func encoded(claims string) string {
	part := func(text string) string { return (&jwt.Token{}).EncodeSegment([]byte(text)) }
	return part(`{"alg":"RS256"}`) + "." + part("{"+claims+"}") + "." + part("signature")
}

// A token lasts as long as its issuer meant it to, whatever the clock of this machine says.
func TestATokenLastsNoLongerThanItWasMadeFor(t *testing.T) {
	t.Parallel()
	made := claims{RegisteredClaims: jwt.RegisteredClaims{IssuedAt: jwt.NewNumericDate(noon), ExpiresAt: jwt.NewNumericDate(noon.Add(time.Minute))}}
	for name, c := range map[string]struct{ here, want time.Time }{
		"a right clock": {noon.Add(time.Second), noon.Add(time.Minute)},
		"a fast clock":  {noon.Add(time.Hour), noon.Add(time.Minute)},
		"a slow clock":  {noon.Add(-time.Hour), noon.Add(-time.Hour + time.Minute)},
	} {
		if got := made.expiresHere(c.here); !got.Equal(c.want) {
			t.Errorf("%s: it expires at %s, not at %s", name, got, c.want)
		}
	}
	if got := (claims{RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: made.ExpiresAt}}).expiresHere(noon.Add(-time.Hour)); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("one that does not say when it was made expires at %s", got)
	}
}

// What is kept is its owner's alone, and comes back as it was.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	p := newPlugin(t)
	unlock, err := p.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	want := kept{Issuer: issuer, ClientID: clientID, Subject: "ann", Nonce: "n", IDToken: "id", RefreshToken: "refresh", Expires: noon}
	for _, k := range []kept{{Subject: "bob"}, want} { // the second one replaces the first
		if err := p.write(k); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := p.read(); err != nil || got != want {
		t.Errorf("read %+v, %v", got, err)
	}
	for path, mode := range map[string]os.FileMode{p.Dir: 0o700, p.path(".json"): 0o600, p.path(".lock"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s is %v, %v", path, info.Mode(), err)
		}
	}
	if entries, err := os.ReadDir(p.Dir); err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", want, want, want); strings.Contains(text, `"refresh"`) || strings.Contains(text, "refresh ") {
		t.Errorf("a token is printed: %s", text)
	}
}

func TestWhatIsKeptByOthersIsNotTaken(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"nothing":           "",
		"half of it":        `{"issuer":"https://login`,
		"of another issuer": `{"issuer":"https://evil.example.com","client_id":"kubernetes.kubectl","id_token":"x","expires":"2999-01-01T00:00:00Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlugin(t)
			if err := os.MkdirAll(p.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p.path(".json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if c, err := p.Token(t.Context(), false); !strings.Contains(fmt.Sprint(err), "nobody is signed in") || c.Token != "" {
				t.Errorf("the file makes %v", err)
			}
		})
	}
}

// An issuer is asked over TLS, and so is all that it names.
func TestIssuersThatAreNotAsked(t *testing.T) {
	t.Parallel()
	for address, safe := range map[string]bool{
		"https://login.example.com": true, "http://localhost:8080": true, "http://127.0.0.1:8080": true, "http://[::1]:8080/realm": true,
		"http://login.example.com": false, "http://localhost.example.com": false, "https://ann@login.example.com": false,
		"file:///etc/passwd": false, "login.example.com": false, "": false,
	} {
		if got := ownOrHTTPS(address); got != safe {
			t.Errorf("%q is safe: %t", address, got)
		}
	}
	const document = `{"issuer":"https://login.example.com","authorization_endpoint":"https://login.example.com/a","token_endpoint":"https://login.example.com/t",
		"jwks_uri":"https://login.example.com/k","device_authorization_endpoint":"https://login.example.com/d","revocation_endpoint":"https://login.example.com/r"}`
	if d, err := parse(issuer, []byte(document)); err != nil || d.Device == "" || d.Revocation == "" || d.Token == "" {
		t.Errorf("read %+v, %v", d, err)
	}
	for _, endpoint := range []string{"a", "t", "k", "d", "r"} {
		open := strings.Replace(document, "https://login.example.com/"+endpoint, "http://login.example.com/"+endpoint, 1)
		if _, err := parse(issuer, []byte(open)); err == nil {
			t.Errorf("an endpoint /%s without TLS is taken", endpoint)
		}
	}
}

func TestCredentialsAsKubectlReadsThem(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if _, err := (Credential{Token: "id", Expires: noon.Add(50 * time.Second)}).WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	const want = `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false},` +
		`"status":{"expirationTimestamp":"2026-11-30T12:00:50Z","token":"id"}}` + "\n"
	if out.String() != want {
		t.Errorf("wrote %s", out.String())
	}
	for info, want := range map[string]string{
		"": "false <nil>",
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}`:      "true <nil>",
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}`:     "false <nil>",
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":true}}`: "false the kubeconfig must say apiVersion: client.authentication.k8s.io/v1 of this plugin",
		"noise": "false KUBERNETES_EXEC_INFO is no ExecCredential",
	} {
		if can, err := CanAsk(info); fmt.Sprint(can, " ", err) != want {
			t.Errorf("%s: %t, %v", info, can, err)
		}
	}
}

func TestRefusalsInALine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		want    string
		refused bool
	}{
		"a token that is dead": {&oauth2.RetrieveError{ErrorCode: "invalid_grant", Body: []byte("secret")}, "the issuer refuses: invalid_grant", true},
		"a busy issuer": {&oauth2.RetrieveError{ErrorCode: "temporarily_unavailable", ErrorDescription: "Come\nback."},
			"the issuer refuses: temporarily_unavailable (Come?back.)", false},
		"a gateway":        {&oauth2.RetrieveError{Response: &http.Response{StatusCode: 502}, Body: []byte("<html>")}, "the issuer answers 502", false},
		"a broken network": {io.ErrUnexpectedEOF, "unexpected EOF", false},
	} {
		if got := plain(c.err).Error(); got != c.want || isRefused(c.err) != c.refused {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestBrowsers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		system, display string
		want            []string
	}{
		"a Mac":                  {"darwin", "", []string{"open"}},
		"Windows":                {"windows", "", []string{"rundll32", "url.dll,FileProtocolHandler"}},
		"Linux with a screen":    {"linux", ":0", []string{"xdg-open"}},
		"Linux without a screen": {"linux", "", nil},
	} {
		getenv := func(name string) string { return map[string]string{"DISPLAY": c.display}[name] }
		if got := opener(c.system, getenv); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("code=c&state=s&iss=https://login.example.com")
	f.Add("error=access_denied&error_description=%1b%5b2J&state=s")
	f.Add("code=c&code=d&%zz")
	f.Fuzz(func(t *testing.T, answer string) {
		values, err := url.ParseQuery(answer)
		if err != nil {
			return
		}
		code, err := codeOf(values, issuer, true)
		if (code == "") != (err != nil) || err == nil && (values.Get("iss") != issuer || values.Has("error")) {
			t.Errorf("%q makes %q, %v", answer, code, err)
		}
		if err != nil && printable(err.Error()) != err.Error() {
			t.Errorf("%q draws on the screen: %q", answer, err)
		}
	})
}

func FuzzIDToken(f *testing.F) {
	f.Add(encoded(`"iss":"https://login.example.com","aud":"kubernetes.kubectl","sub":"ann","nonce":"n","exp":4102444800`))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		p := &Plugin{Issuer: issuer, ClientID: clientID, Now: func() time.Time { return noon }}
		said, err := p.judge(raw, kept{Nonce: "n"})
		if err == nil && (said.Issuer != issuer || !slices.Contains(said.Audience, clientID) || said.Subject == "" || said.Nonce != "n") {
			t.Errorf("%q is taken as %+v", raw, said)
		}
	})
}
