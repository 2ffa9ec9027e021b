// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// inBrowser signs somebody in by a browser on this machine, which brings the answer to a port
// that is open meanwhile (RFC 8252, section 7.3), with PKCE (RFC 7636).
func (p *Plugin) inBrowser(ctx context.Context, d described) (tokens *oauth2.Token, nonce string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("wait for the browser: %w", err)
	}
	config := p.config(d)
	config.RedirectURL = "http://" + listener.Addr().String() + "/"
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	nonce = rand.Text()
	address := config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("nonce", nonce))

	answers := make(chan url.Values, 1)
	server := &http.Server{Handler: awaiting(state, answers), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(last) // the browser reads its answer yet
	}()
	p.say("To sign in at %s, open this in a browser on this machine, unless it has opened:\n\n  %s\n\n", p.Issuer, printable(address))
	if err := p.Browse(address); err != nil {
		p.say("(No browser was opened: %v.)\n", err)
	}
	select {
	case <-ctx.Done():
		return nil, "", errors.New("nobody has signed in")
	case values := <-answers:
		code, err := codeOf(values, p.Issuer, d.NamesItself)
		if err != nil {
			return nil, "", err
		}
		tokens, err = config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
		return tokens, nonce, err
	}
}

// awaiting takes the first answer to a request of ours. Anything else that a page may send here
// is refused, and the wait goes on.
func awaiting(state string, answers chan<- url.Values) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "text/plain; charset=utf-8")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil || r.Method != http.MethodGet || r.URL.Path != "/" || !isSole(values["state"], state) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprintln(w, "This is no answer to a sign-in that is under way.")
			return
		}
		select {
		case answers <- values:
		default: // a page that is loaded again
		}
		_, _ = fmt.Fprintln(w, "Go on in the terminal. You may close this window.")
	})
}

// codeOf is the code that an issuer has answered with (RFC 6749, section 4.1.2), unless it is
// another issuer's (RFC 9207, section 2.4), which says so in each answer where namesItself.
func codeOf(answer url.Values, issuer string, namesItself bool) (string, error) {
	for name, values := range answer {
		if len(values) != 1 {
			return "", fmt.Errorf("the answer has %q more than once", name)
		}
	}
	switch {
	case (namesItself || answer.Has("iss")) && answer.Get("iss") != issuer:
		return "", errors.New("the answer is not that of the issuer who was asked")
	case answer.Has("error"):
		return "", refusal(answer.Get("error"), answer.Get("error_description"))
	case answer.Get("code") == "":
		return "", errors.New("the answer has no code")
	}
	return answer.Get("code"), nil
}

func isSole(values []string, wanted string) bool { return len(values) == 1 && values[0] == wanted }
