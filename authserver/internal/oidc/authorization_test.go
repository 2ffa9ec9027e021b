// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	callback  = "https://shop.example.com/callback"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func webClient(kind realmconfig.ClientType) realmconfig.Client {
	c := realmconfig.DefaultClient()
	c.ID, c.Type, c.RedirectURIs = "apps.shop", kind, []string{callback}
	c.Scopes = []string{"openid", "email", "offline_access"}
	return c
}

func goodRequest() url.Values {
	return url.Values{
		"client_id": {"apps.shop"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
}

func TestRequestsForAuthorizationAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(url.Values)
		code   ErrorCode
	}{
		"no response_type":              {func(v url.Values) { v.Del("response_type") }, InvalidRequest},
		"an empty response_type":        {func(v url.Values) { v.Set("response_type", "") }, InvalidRequest},
		"a token at once":               {func(v url.Values) { v.Set("response_type", "token") }, UnsupportedResponseType},
		"a hybrid":                      {func(v url.Values) { v.Set("response_type", "code id_token") }, UnsupportedResponseType},
		"an answer in the fragment":     {func(v url.Values) { v.Set("response_mode", "fragment") }, InvalidRequest},
		"a request object":              {func(v url.Values) { v.Set("request", "e30.e30.") }, RequestNotSupported},
		"a request object elsewhere":    {func(v url.Values) { v.Set("request_uri", "https://shop.example.com/r") }, RequestURINotSupported},
		"a registration":                {func(v url.Values) { v.Set("registration", "{}") }, RegistrationNotSupported},
		"a parameter twice":             {func(v url.Values) { v.Add("nonce", "a"); v.Add("nonce", "b") }, InvalidRequest},
		"an unknown parameter twice":    {func(v url.Values) { v.Add("x", "a"); v.Add("x", "b") }, InvalidRequest},
		"a line break":                  {func(v url.Values) { v.Set("nonce", "a\nb") }, InvalidRequest},
		"what is no text":               {func(v url.Values) { v.Set("nonce", "\xff") }, InvalidRequest},
		"the challenge itself":          {func(v url.Values) { v.Set("code_challenge_method", "plain") }, InvalidRequest},
		"no method":                     {func(v url.Values) { v.Del("code_challenge_method") }, InvalidRequest},
		"a method alone":                {func(v url.Values) { v.Del("code_challenge") }, InvalidRequest},
		"a short challenge":             {func(v url.Values) { v.Set("code_challenge", challenge[1:]) }, InvalidRequest},
		"none and something":            {func(v url.Values) { v.Set("prompt", "none login") }, InvalidRequest},
		"an unknown prompt":             {func(v url.Values) { v.Set("prompt", "dance") }, InvalidRequest},
		"an age below zero":             {func(v url.Values) { v.Set("max_age", "-1") }, InvalidRequest},
		"an age that is none":           {func(v url.Values) { v.Set("max_age", "soon") }, InvalidRequest},
		"claims that are none":          {func(v url.Values) { v.Set("claims", "email") }, InvalidRequest},
		"claims in a list":              {func(v url.Values) { v.Set("claims", "[]") }, InvalidRequest},
		"a scope of characters of none": {func(v url.Values) { v.Set("scope", `openid "`) }, InvalidScope},
	} {
		v := goodRequest()
		c.change(v)
		_, err := authorizationOf(webClient(realmconfig.ConfidentialClient), v)
		if !errors.Is(err, &Error{Code: c.code}) {
			t.Errorf("%s: %v, not %s", name, err, c.code)
		}
	}
}

func TestAPublicClientNeedsAChallenge(t *testing.T) {
	t.Parallel()
	v := goodRequest()
	v.Del("code_challenge")
	v.Del("code_challenge_method")
	if _, err := authorizationOf(webClient(realmconfig.PublicClient), v); !errors.Is(err, &Error{Code: InvalidRequest}) {
		t.Errorf("without one: %v", err)
	}
	if _, err := authorizationOf(webClient(realmconfig.ConfidentialClient), v); err != nil {
		t.Errorf("a confidential one: %v", err)
	}
	mute := webClient(realmconfig.ConfidentialClient)
	mute.GrantTypes = []realmconfig.GrantType{realmconfig.ClientCredentialsGrant}
	if _, err := authorizationOf(mute, goodRequest()); !errors.Is(err, &Error{Code: UnauthorizedClient}) {
		t.Errorf("one that acts for itself alone: %v", err)
	}
}

func TestWhatIsAskedForIsReadWithinTheClient(t *testing.T) {
	t.Parallel()
	c := webClient(realmconfig.ConfidentialClient)
	v := goodRequest()
	v.Set("scope", "openid  email email profile nonsense offline_access")
	v.Set("prompt", "login consent")
	v.Set("max_age", "99999999999999")
	if _, err := authorizationOf(c, v); err == nil {
		t.Error("an age beyond 32 bits is taken")
	}
	v.Set("max_age", "4294967295")
	v.Set("claims", `{"id_token": {"email": null, "name": {"essential": true}, "sub": {"value": "ann"}, "acr": {"essential": true, "values": ["2", 7]}}, "userinfo": {"groups": null}, "x": 1}`)
	a, err := authorizationOf(c, v)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.scopes, []string{"openid", "email", "offline_access"}) || !a.offline() || !a.prompted(promptLogin) || a.prompted(promptNone) {
		t.Errorf("read as %+v", a)
	}
	if a.maxAge == nil || *a.maxAge != maxMaxAge*time.Second || a.claims.Subject != "ann" || !slices.Equal(a.claims.ACR, []string{"2"}) {
		t.Errorf("read as %+v", a)
	}
	if within := a.claims.within(c); !slices.Equal(within.IDToken, []string{"email"}) || len(within.UserInfo) != 0 {
		t.Errorf("within the client it is %+v", within)
	}
	c.GrantTypes = []realmconfig.GrantType{realmconfig.AuthorizationCodeGrant}
	if a, err := authorizationOf(c, v); err != nil || a.offline() {
		t.Errorf("without refresh tokens it is %+v, %v", a, err)
	}
}

func TestWhoMustSignIn(t *testing.T) {
	t.Parallel()
	now, minute := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Minute
	at := func(ago time.Duration, signedIn string) request.Journey {
		return request.Journey{Began: now.Add(-ago), SignedIn: signedIn, Reauthenticate: true}
	}
	who := func(ago time.Duration) *auth.Subject {
		return &auth.Subject{UserID: "ann", SessionID: "this", AuthTime: now.Add(-ago)}
	}
	begins, chosen := at(0, ""), at(minute, "this")
	begins.Reauthenticate, chosen.Reauthenticate = false, false
	zero := time.Duration(0)
	declined, both := begins, who(time.Minute)
	declined.Declined, both.AMR = true, "pwd otp mfa"
	for name, c := range map[string]struct {
		asked    authorization
		who      *auth.Subject
		expected string
		on       request.Journey
		want     error
	}{
		"nobody is there":                       {authorization{}, nil, "", begins, errSignIn},
		"nobody may be asked":                   {authorization{prompts: []string{"none"}}, nil, "", begins, &Error{Code: LoginRequired}},
		"somebody is there":                     {authorization{}, who(time.Hour), "", begins, nil},
		"somebody is there, and not asked":      {authorization{prompts: []string{"none"}}, who(time.Hour), "", begins, nil},
		"they are asked again":                  {authorization{prompts: []string{"login"}}, who(time.Second), "", begins, errSignIn},
		"once":                                  {authorization{prompts: []string{"login"}}, who(time.Second), "", at(minute, "this"), nil},
		"they have not answered":                {authorization{prompts: []string{"login"}}, who(time.Hour), "", at(minute, ""), errSignIn},
		"they have signed in beside it":         {authorization{prompts: []string{"login"}}, who(time.Second), "", at(minute, ""), errSignIn},
		"somebody has in another session":       {authorization{prompts: []string{"login"}}, who(time.Second), "", at(minute, "other"), errSignIn},
		"recent enough, but beside it":          {authorization{maxAge: &minute}, who(time.Second), "", at(minute, ""), errSignIn},
		"in this session, but before":           {authorization{prompts: []string{"login"}}, who(time.Hour), "", at(minute, "this"), errSignIn},
		"another account":                       {authorization{prompts: []string{"select_account"}}, who(time.Hour), "", begins, errSignIn},
		"known elsewhere since before":          {authorization{prompts: []string{"select_account"}}, who(time.Hour), "", chosen, nil},
		"known, and not the one":                {authorization{}, who(time.Hour), "bob", chosen, &Error{Code: LoginRequired}},
		"known, and too long ago":               {authorization{prompts: []string{"select_account"}, maxAge: &minute}, who(time.Hour), "", chosen, errSignIn},
		"too long ago":                          {authorization{maxAge: &minute}, who(time.Hour), "", begins, errSignIn},
		"one factor, where two are wanted":      {authorization{classes: []string{"2"}}, who(time.Second), "", begins, errStepUp},
		"one factor, and nobody may be asked":   {authorization{classes: []string{"2"}, prompts: []string{"none"}}, who(time.Second), "", begins, &Error{Code: LoginRequired}},
		"one factor, and no more":               {authorization{classes: []string{"2"}}, who(time.Second), "", declined, &Error{Code: UnmetRequirements}},
		"nobody, and no more":                   {authorization{classes: []string{"2"}}, nil, "", declined, &Error{Code: UnmetRequirements}},
		"two factors, after all":                {authorization{classes: []string{"2"}}, both, "", declined, nil},
		"two factors, where one is wanted":      {authorization{classes: []string{"1"}}, both, "", begins, nil},
		"two factors, too long ago":             {authorization{classes: []string{"2"}, maxAge: &zero}, both, "", begins, errSignIn},
		"one factor, too long ago":              {authorization{classes: []string{"2"}, maxAge: &minute}, who(time.Hour), "", begins, errSignIn},
		"one factor, asked for again":           {authorization{classes: []string{"2"}, prompts: []string{"login"}}, who(time.Second), "", at(minute, "this"), errStepUp},
		"just now":                              {authorization{maxAge: &minute}, who(time.Second), "", begins, nil},
		"never recent enough, but asked":        {authorization{maxAge: &zero}, who(time.Second), "", at(minute, "this"), nil},
		"too long ago, and nobody may be asked": {authorization{maxAge: &minute, prompts: []string{"none"}}, who(time.Hour), "", begins, &Error{Code: LoginRequired}},
		"somebody else":                         {authorization{}, who(time.Hour), "bob", begins, errSignIn},
		"still somebody else":                   {authorization{}, who(time.Second), "bob", at(minute, "this"), &Error{Code: LoginRequired}},
		"whom the client means":                 {authorization{}, who(time.Hour), "ann", begins, nil},
	} {
		if err := c.asked.judge(c.who, c.expected, c.on, now); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, not %v", name, err, c.want)
		}
	}
}

func TestAnswersGoWhereTheClientIs(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]struct{ address, formAction string }{
		"https://shop.example.com/callback":      {"https://shop.example.com/callback?code=c", "https://shop.example.com"},
		"https://shop.example.com:8443/cb?tab=1": {"https://shop.example.com:8443/cb?tab=1&code=c", "https://shop.example.com:8443"},
		"http://127.0.0.1:4711/":                 {"http://127.0.0.1:4711/?code=c", "http://127.0.0.1:4711"},
		"com.example.shop:/callback":             {"com.example.shop:/callback?code=c", "com.example.shop:"},
	} {
		to := target{redirectURI: uri}
		if got := to.address(url.Values{"code": {"c"}}); got != want.address || to.formAction() != want.formAction {
			t.Errorf("%s: %s and %s", uri, got, to.formAction())
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add(goodRequest().Encode())
	f.Add("response_type=code&scope=openid&claims=%7B%22id_token%22%3Anull%7D&prompt=none&max_age=0&state=%ff")
	f.Add("claims={\"userinfo\":{\"sub\":{\"value\":1,\"values\":[null]}}}&response_type=code&resource=a&resource=b")
	f.Fuzz(func(t *testing.T, encoded string) {
		values, err := url.ParseQuery(encoded)
		if err != nil {
			return
		}
		c := webClient(realmconfig.PublicClient)
		a, err := authorizationOf(c, values)
		if err != nil {
			refused, told := asError(err)
			if !told {
				t.Fatalf("refused by %v", err)
			}
			for _, all := range values {
				for _, value := range all {
					if len(value) > 40 && strings.Contains(refused.Description, value) {
						t.Errorf("quotes %q", value)
					}
				}
			}
			return
		}
		if !auth.IsOpaque("", auth.Secret(a.challenge)) || slices.ContainsFunc(a.scopes, func(s string) bool { return !slices.Contains(c.Scopes, s) }) {
			t.Errorf("taken as %+v", a)
		}
		if kept, err := a.claims.within(c).encode(); err != nil || len(kept) > 1000 {
			t.Errorf("kept %d bytes, %v", len(kept), err)
		}
	})
}
