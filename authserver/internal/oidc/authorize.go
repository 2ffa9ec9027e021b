// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	authorizePath = Path + "authorize"
	// maxQuery bounds a request that a browser brings, in bytes: sealed, and in an address
	// of ours, it has to pass proxies that take 8 KiB.
	maxQuery = 4 << 10
	// journeyLifetime is how long a sign-in may take that is to be a new one: who signed in
	// after an old request was not asked for its sake.
	journeyLifetime = time.Hour
)

// authorizeRoutes are the authorization endpoint (RFC 6749, section 3.1).
func (s *Service) authorizeRoutes() []request.Route {
	return []request.Route{
		{Pattern: "GET " + authorizePath, Rate: request.RateRead, Handler: http.HandlerFunc(s.authorize)},
		{Pattern: "POST " + authorizePath, Rate: request.RateRead, Handler: s.hold(authorizePath, maxQuery)},
		{Pattern: "GET " + request.ResumePath, Rate: request.RateRead, Handler: http.HandlerFunc(s.resume)},
		{Pattern: "POST " + request.DecisionPath, Rate: request.RateRead, Handler: http.HandlerFunc(s.decide)},
	}
}

// hold turns a form into a GET of the same address (RFC 9110, section 15.4.4). The page of
// a client that sends one brings no cookies of ours along, and nothing is decided here. It
// has so many bytes at most.
func (s *Service) hold(path string, most int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		if err != nil {
			s.Pages.Fail(w, r, &auth.Error{Code: auth.ClientRequestInvalid, Cause: err})
			return
		}
		values, err := url.ParseQuery(string(body))
		if err != nil {
			s.Pages.Fail(w, r, auth.Refuse(auth.ClientRequestInvalid))
			return
		}
		redirect(w, s.address(path)+"?"+values.Encode())
	})
}

// redirect says nothing but where to go on: there may be a code in the address.
func redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// authorize answers a request of a client.
func (s *Service) authorize(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxQuery {
		s.Pages.Fail(w, r, auth.Refuse(auth.ClientRequestInvalid))
		return
	}
	if isPushed(values) {
		s.takeUp(w, r, values)
		return
	}
	s.proceed(w, r, values, progress{on: request.Journey{Query: queryOf(r.URL.RawQuery, values), Began: s.Now()}})
}

// queryOf is a request as a journey keeps it: as it came, which is shorter than what we would
// write, unless it has what JSON would not keep.
func queryOf(raw string, values url.Values) string {
	if strings.ContainsFunc(raw, func(r rune) bool { return r > unicode.MaxASCII }) {
		return values.Encode()
	}
	return raw
}

// resume goes on with a request of a client, after whatever was asked.
func (s *Service) resume(w http.ResponseWriter, r *http.Request) {
	s.goOn(w, r, r.URL.Query().Get("journey"), nil)
}

// goOn takes up the request of a client that a sealed journey is of.
func (s *Service) goOn(w http.ResponseWriter, r *http.Request, sealed string, said *decided) {
	journey, ok := s.Journeys.Open(sealed)
	values, err := url.ParseQuery(journey.Query)
	switch {
	case !ok || err != nil:
		s.Pages.Fail(w, r, auth.Refuse(auth.ClientRequestInvalid))
	case journey.Device:
		redirect(w, deviceAddress(auth.Secret(journey.UserCode)))
	case journey.Page != "":
		redirect(w, journey.Page)
	case journey.ReturnTo != "":
		s.Pages.AskToSignIn(w, r, sealed) // or to go on at once
	case s.Now().Sub(journey.Began) > journeyLifetime && journey.Pushed: // its client may not want it any more
		s.Pages.Fail(w, r, auth.RefuseBecause(auth.ClientRequestInvalid, auth.RequestURIUnknown))
	case s.Now().Sub(journey.Began) > journeyLifetime:
		s.proceed(w, r, values, progress{request.Journey{Query: journey.Query, Began: s.Now()}, said})
	default:
		s.proceed(w, r, values, progress{journey, said})
	}
}

// progress is how far the request of a client has come.
type progress struct {
	// on is the journey that begins with the client's request, or that the person comes
	// back from.
	on request.Journey
	// said is what they have answered; nil before that.
	said *decided
}

var (
	// errSignIn means that somebody must show who they are.
	errSignIn = errors.New("sign-in required")
	// errStepUp means that they have, and must show more.
	errStepUp = errors.New("second factor required")
)

// proceed answers the client, or asks the person in front of the browser.
func (s *Service) proceed(w http.ResponseWriter, r *http.Request, values url.Values, far progress) {
	if r.Method != http.MethodGet && far.said == nil {
		w.Header().Set("Allow", http.MethodGet) // a HEAD must not use anything up
		s.Pages.Fail(w, r, auth.Refuse(auth.MethodNotAllowed))
		return
	}
	to, err := s.targetOf(r, values)
	if older, ok := s.handOver(values, err); ok {
		redirect(w, older)
		return
	}
	if err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	to.visitor = sync.OnceValues(func() (*auth.Subject, error) { return s.visitor(w, r) })
	code, err := s.authorizationCode(r, to, values, far)
	refused, told := asError(err)
	ask := (*mustAgree)(nil)
	switch {
	case err == nil:
		s.answerTo(w, r, to, url.Values{"code": {string(code)}})
	case errors.Is(err, errSignIn), errors.Is(err, errStepUp):
		s.askToSignIn(w, r, to, values, far, errors.Is(err, errStepUp))
	case errors.As(err, &ask):
		s.askToAgree(w, r, to, values, far, *ask)
	case errors.Is(err, auth.Refuse(auth.ClientAccessDenied)) && prompts(values, promptNone):
		s.refuseTo(w, r, to, far, &Error{Code: AccessDenied, Description: "The user may not use this client."})
	case errors.Is(err, auth.Refuse(auth.ClientAccessDenied)):
		s.Pages.Fail(w, r, err)
	case told:
		s.refuseTo(w, r, to, far, refused)
	default:
		s.problems.Record(r, err)
		s.refuseTo(w, r, to, far, errorOf(problem.Of(r.Context(), err)))
	}
}

// refuseTo tells the client of a refusal, where a browser may be sent there with one.
func (s *Service) refuseTo(w http.ResponseWriter, r *http.Request, to target, far progress, e *Error) {
	if far.said == nil && s.isStranger(r, to) {
		s.Log.InfoContext(r.Context(), "a client that has registered itself not told of a refusal", "client", to.client.ID, "error", e)
		s.Pages.Fail(w, r, &auth.Error{Code: auth.ClientRequestInvalid, Cause: e})
		return
	}
	s.answerTo(w, r, to, refusal(e))
}

// answerTo sends the browser to the client with an answer.
func (s *Service) answerTo(w http.ResponseWriter, r *http.Request, to target, values url.Values) {
	answer := to.answer(s.Settings().Issuer, values)
	if to.mode == formPostMode {
		s.Pages.PostTo(w, r, to.redirectURI, to.formAction(), answer)
		return
	}
	redirect(w, to.address(answer))
}

// askToSignIn sends somebody to sign in, or to show more than they have, who comes back to the
// client's request.
func (s *Service) askToSignIn(w http.ResponseWriter, r *http.Request, to target, values url.Values, far progress, more bool) {
	journey := s.journey(to, values, far)
	if more { // what was wanted of the sign-in has been met
		journey.ACR, journey.Reauthenticate = auth.TwoFactors, far.on.Reauthenticate
	}
	sealed, err := s.sealed(journey)
	if err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	s.Pages.AskToSignIn(w, r, sealed)
}

// journey is the way back to a request of a client.
func (s *Service) journey(to target, values url.Values, far progress) request.Journey {
	return request.Journey{
		Query: far.on.Query, Pushed: far.on.Pushed, FormAction: to.formAction(), LoginHint: hint(values.Get("login_hint")), Locales: hint(values.Get("ui_locales")),
		Provider: s.provider(values), Reauthenticate: values.Get("max_age") != "" || to.client.DefaultMaxAge > 0 || prompts(values, promptLogin),
		Began: far.on.Began, SignedIn: far.on.SignedIn,
	}
}

// sealed is a journey as an address may have it. It refuses with ClientRequestInvalid one that
// is too long.
func (s *Service) sealed(journey request.Journey) (string, error) {
	text, err := s.Journeys.Seal(journey)
	if err != nil {
		return "", &auth.Error{Code: auth.ClientRequestInvalid, Cause: err}
	}
	return text, nil
}

// prompts reports whether a request has a prompt, whatever else is wrong with it.
func prompts(values url.Values, prompt string) bool {
	return slices.Contains(strings.Fields(values.Get("prompt")), prompt)
}

// provider is the one that the client would have its user sign in by; empty where it names
// none of the realm's.
func (s *Service) provider(values url.Values) string {
	name, _ := once(values, "provider")
	if !slices.ContainsFunc(s.Settings().Providers, func(p realmconfig.Provider) bool { return p.Name == name }) {
		return ""
	}
	return name
}

// longestHint is in bytes, more than any address has that could be meant.
const longestHint = 320

// hint is what helps to find the user. One that is longer would stand in the journey twice,
// and helps nobody.
func hint(text string) string {
	if len(text) > longestHint {
		return ""
	}
	return text
}

// authorizationCode gives the client a code. The error is errSignIn where somebody must sign in
// first, errStepUp where they must show more, ClientAccessDenied where they may not use the
// client, a *mustAgree where they must agree, and else what the client is told.
func (s *Service) authorizationCode(r *http.Request, to target, values url.Values, far progress) (auth.Secret, error) {
	if to.client.MustPush() && !far.on.Pushed {
		return "", refuse(InvalidRequest, "The client must push its requests: send this one to pushed_authorization_request_endpoint (RFC 9126).")
	}
	asked, err := s.check(to.client, values)
	if err != nil {
		return "", err
	}
	who, err := to.visitor()
	if err != nil {
		return "", err
	}
	if err := asked.judge(who, asked.expected, far.on, s.Now()); err != nil {
		return "", err
	}
	if err := s.admit(r.Context(), to, who.UserID); err != nil {
		return "", err
	}
	if asked.audience, err = s.openTo(r.Context(), asked.audience, who.UserID); err != nil {
		return "", err
	}
	resources := s.resourcesAmong(asked.audience)
	needs := asked.agreementFor(to, resources, len(resources) < len(asked.audience))
	needs.scopes = s.withRead(needs.scopes, to.client)
	consented, err := s.agreement(r, to, needs, *who, far.said)
	if err != nil {
		return "", err
	}
	claims, err := asked.claims.within(to.client).encode()
	if err != nil {
		return "", err
	}
	code, amr, err := s.Grants.IssueCode(r.Context(), grant.Code{
		Authorization: grant.Authorization{
			ClientID: to.client.ID, Scopes: asked.scopes, Audience: asked.audience, Nonce: asked.nonce, Claims: claims, Key: asked.key,
		},
		UserID: who.UserID, SessionID: who.SessionID, RedirectURI: to.redirectURI, Challenge: asked.challenge, Offline: asked.offline(),
		Consented: consented,
	})
	if errors.Is(err, auth.Refuse(auth.TokenInvalid)) { // the session has just ended
		return "", asked.judge(nil, asked.expected, far.on, s.Now())
	}
	if err == nil && !asked.reached(auth.ACROf(amr)) { // they have signed in anew meanwhile
		err = unmet()
	}
	return code, err
}

// visitor is who is signed in in the browser; nobody is no error.
func (s *Service) visitor(w http.ResponseWriter, r *http.Request) (*auth.Subject, error) {
	who, err := s.Pages.Visitor(w, r)
	switch {
	case errors.Is(err, auth.Refuse(auth.RefreshTokenInvalid)), errors.Is(err, auth.Refuse(auth.TokenInvalid)):
		return nil, nil //nolint:nilnil // nobody
	case err != nil:
		return nil, err
	}
	return &who, nil
}

// admit refuses somebody whom the client is not for.
func (s *Service) admit(ctx context.Context, to target, userID string) error {
	if to.client.Access == nil {
		return nil
	}
	groups, err := s.Groups(ctx, userID)
	if err != nil {
		return err
	}
	if !to.client.Admits(groups) {
		return auth.Refuse(auth.ClientAccessDenied)
	}
	return nil
}
