// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// said is one group of the spec, said in full or not said at all.
type said struct {
	spec string
	part func(realmconfig.Config) any
	want any
}

func saidSettings() map[string]said {
	const issuer = "issuer: https://login.example.com\n"
	const mail = issuer + "email: {from: a@b.example, smtp: {host: smtp.example.com}}\n"
	tenOClock := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	minutes := func(n int) realmconfig.Duration { return realmconfig.Duration(time.Duration(n) * time.Minute) }
	return map[string]said{
		"tokens": {
			issuer + "tokens: {audience: [https://a.example], accessTokenLifetime: 2m, refreshTokenLifetime: 3m, refreshGracePeriod: 1m, sessionsNotBefore: '2026-11-22T10:00:00Z'}\nsigningKeys: {jwksMaxAge: 4m}",
			func(c realmconfig.Config) any { return c.Tokens },
			realmconfig.Tokens{
				Audience: []string{"https://a.example"}, AccessTokenLifetime: minutes(2), RefreshTokenLifetime: minutes(3),
				RefreshGracePeriod: minutes(1), JWKSMaxAge: minutes(4), SessionsNotBefore: &tenOClock,
			},
		},
		"tokens by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Tokens },
			realmconfig.Tokens{
				Audience: []string{"https://login.example.com"}, AccessTokenLifetime: minutes(60), RefreshTokenLifetime: minutes(7 * 24 * 60),
				RefreshGracePeriod: realmconfig.Duration(10 * time.Second), JWKSMaxAge: minutes(5),
			},
		},
		"lockout": {
			issuer + "login: {lockout: {failures: 3, duration: 1m, sourceFailures: 7}}",
			func(c realmconfig.Config) any { return c.Login.Lockout },
			realmconfig.Lockout{Failures: 3, Duration: minutes(1), SourceFailures: 7},
		},
		"mailed codes": {
			issuer + "email: {from: login@example.com, smtp: {host: smtp.example.com}}\nlogin: {mailCode: \"On\"}",
			func(c realmconfig.Config) any { return c.Login.MailCode },
			realmconfig.MailCodeOn,
		},
		"lockout by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Login.Lockout },
			realmconfig.Lockout{Failures: 5, Duration: minutes(15), SourceFailures: 100},
		},
		"passwords": {
			issuer + "passwords: {bcryptCost: 11, minLength: 14, allowCommon: true, resetTokenLifetime: 2h}",
			func(c realmconfig.Config) any { return c.Passwords },
			realmconfig.Passwords{BcryptCost: 11, MinLength: 14, AllowCommon: true, ResetTokenLifetime: minutes(120)},
		},
		"passwords hashed by the usual library": {
			issuer + "passwords: {engine: Standard}",
			func(c realmconfig.Config) any { return c.Passwords.Engine },
			realmconfig.StandardEngine,
		},
		"passwords by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Passwords },
			realmconfig.Passwords{BcryptCost: 12, MinLength: 8, ResetTokenLifetime: minutes(60)},
		},
		"registration": {
			mail + "passkeys: {}\nregistration: {mode: Open, emailVerification: Required, verificationLifetime: 1h, passkeys: Only}",
			func(c realmconfig.Config) any { return c.Registration },
			realmconfig.Registration{
				Mode: realmconfig.Open, EmailVerification: realmconfig.VerificationRequired, VerificationLifetime: minutes(60),
				Passkeys: realmconfig.PasskeyRegistrationOnly,
			},
		},
		"registration that is open since before it had to say more": {
			issuer + "registration: {mode: Open}",
			func(c realmconfig.Config) any { return c.Registration },
			realmconfig.Registration{Mode: realmconfig.Open, EmailVerification: realmconfig.VerificationOptional, VerificationLifetime: minutes(24 * 60)},
		},
		"gateways": {
			issuer + "forwardAuth: {unverifiedEmail: Send}",
			func(c realmconfig.Config) any { return c.ForwardAuth },
			realmconfig.ForwardAuth{UnverifiedEmail: realmconfig.SendUnverified},
		},
		"registration by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Registration },
			realmconfig.Registration{Mode: realmconfig.Closed, EmailVerification: realmconfig.VerificationOptional, VerificationLifetime: minutes(24 * 60)},
		},
		"second factors": {
			issuer + "twoFactor: {label: Shop, failures: 2, duration: 1h, challengeLifetime: 10m}",
			func(c realmconfig.Config) any { return c.TwoFactor },
			realmconfig.TwoFactor{Label: "Shop", Failures: 2, Duration: minutes(60), ChallengeLifetime: minutes(10)},
		},
		"second factors by default": {
			issuer,
			func(c realmconfig.Config) any { return c.TwoFactor },
			realmconfig.TwoFactor{Label: "staff", Failures: 5, Duration: minutes(15), ChallengeLifetime: minutes(5)},
		},
		"second factors that are required by default": {
			issuer + "twoFactor: {required: {who: Admins}}",
			func(c realmconfig.Config) any { return *c.TwoFactor.Required },
			realmconfig.RequiredFactors{Who: realmconfig.RequiredOfAdmins, Enforcement: realmconfig.Observe, GracePeriod: minutes(14 * 24 * 60), MaxBlocked: 20},
		},
		"second factors that are required of groups": {
			issuer + "twoFactor: {required: {who: Groups, groups: [staff, ops], enforcement: Enforce, gracePeriod: 0s, maxBlocked: 3}}",
			func(c realmconfig.Config) any { return *c.TwoFactor.Required },
			realmconfig.RequiredFactors{Who: realmconfig.RequiredOfGroups, Groups: []string{"staff", "ops"}, Enforcement: realmconfig.Enforce, MaxBlocked: 3},
		},
		"second factors that are required of nobody": {
			issuer + "twoFactor: {required: {who: None, enforcement: Enforce}}",
			func(c realmconfig.Config) any { return c.TwoFactor.Required },
			(*realmconfig.RequiredFactors)(nil),
		},
		"passwords of old by default": {
			issuer + "passwords: {existing: {}}",
			func(c realmconfig.Config) any { return *c.Passwords.Existing },
			realmconfig.ExistingPasswords{Enforcement: realmconfig.Observe, GracePeriod: minutes(14 * 24 * 60), MaxBlocked: 20},
		},
		"passwords of old": {
			issuer + "passwords: {existing: {enforcement: Warn, gracePeriod: 24h, maxBlocked: 100}}",
			func(c realmconfig.Config) any { return *c.Passwords.Existing },
			realmconfig.ExistingPasswords{Enforcement: realmconfig.Warn, GracePeriod: minutes(24 * 60), MaxBlocked: 100},
		},
		"a label from a name with a colon": {
			issuer + `ui: {displayName: "Shop: Login"}`,
			func(c realmconfig.Config) any { return c.TwoFactor.Label },
			"Shop Login",
		},
		"no passkeys by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Passkeys },
			(*realmconfig.Passkeys)(nil),
		},
		"passkeys of the realm's own pages": {
			issuer + "passkeys: {}",
			func(c realmconfig.Config) any { return *c.Passkeys },
			realmconfig.Passkeys{},
		},
		"passkeys": {
			issuer + "passkeys: {relatedOrigins: [https://app.example.net]}",
			func(c realmconfig.Config) any { return *c.Passkeys },
			realmconfig.Passkeys{RelatedOrigins: []string{"https://app.example.net"}},
		},
		"a recovery by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Recovery },
			(*realmconfig.Recovery)(nil),
		},
		"a recovery after a week": {
			issuer + "recovery: {wait: 168h}",
			func(c realmconfig.Config) any { return *c.Recovery },
			realmconfig.Recovery{Wait: minutes(7 * 24 * 60)},
		},
		"a recovery without a wait": {
			issuer + "recovery: {wait: 0s}",
			func(c realmconfig.Config) any { return *c.Recovery },
			realmconfig.Recovery{},
		},
		"no email by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Email },
			(*realmconfig.Email)(nil),
		},
		"email by default": {
			mail,
			func(c realmconfig.Config) any { return *c.Email },
			realmconfig.Email{
				From: "a@b.example", Host: "smtp.example.com", Port: 587, Security: realmconfig.StartTLS,
				Timeout: realmconfig.Duration(30 * time.Second), MessagesPerHour: 5000, Product: "staff",
			},
		},
		"email": {
			issuer + "ui: {displayName: The Shop}\nemail: {from: a@b.example, smtp: {host: h, port: 2525, security: TLS, allowPrivateNetworks: true}, timeout: 1m, messagesPerHour: 20, supportURL: https://a.example, templates: {code: {subject: S, text: T, html: H}}}",
			func(c realmconfig.Config) any { return *c.Email },
			realmconfig.Email{
				From: "a@b.example", Host: "h", Port: 2525, Security: realmconfig.ImplicitTLS, AllowPrivateNetworks: true, Timeout: minutes(1), MessagesPerHour: 20,
				Product: "The Shop", SupportURL: "https://a.example",
				Templates: map[string]realmconfig.EmailTemplate{"code": {Subject: "S", Text: "T", HTML: "H"}},
			},
		},
		"SMTP's port with TLS": {
			issuer + "email: {from: a@b.example, smtp: {host: h, security: TLS}}",
			func(c realmconfig.Config) any { return c.Email.Port }, 465,
		},
		"SMTP's port without TLS": {
			issuer + "email: {from: a@b.example, smtp: {host: h, security: None}}",
			func(c realmconfig.Config) any { return c.Email.Port }, 25,
		},
		"no SMS by default": {
			issuer,
			func(c realmconfig.Config) any { return c.SMS },
			(*realmconfig.SMS)(nil),
		},
		"Twilio": {
			issuer + "sms: {twilio: {accountSID: AC1, from: '+15005550006', authTokenSecretRef: {name: t}}}",
			func(c realmconfig.Config) any { return *c.SMS },
			realmconfig.SMS{Kind: realmconfig.Twilio, URL: "https://api.twilio.com", AccountSID: "AC1", From: "+15005550006", Timeout: realmconfig.Duration(10 * time.Second), MessagesPerHour: 1000},
		},
		"a service like Twilio": {
			issuer + "sms: {twilio: {accountSID: p, from: '+15005550006', authTokenSecretRef: {name: t}, url: 'http://sms.svc'}, allowPrivateNetworks: true, timeout: 1m, messagesPerHour: 7}",
			func(c realmconfig.Config) any { return *c.SMS },
			realmconfig.SMS{Kind: realmconfig.Twilio, URL: "http://sms.svc", AccountSID: "p", From: "+15005550006", AllowPrivateNetworks: true, Timeout: minutes(1), MessagesPerHour: 7},
		},
		"a webhook": {
			issuer + "sms: {webhook: {url: https://sms.example.com, signingSecretRef: {name: s}}}",
			func(c realmconfig.Config) any { return *c.SMS },
			realmconfig.SMS{Kind: realmconfig.Webhook, URL: "https://sms.example.com", Timeout: realmconfig.Duration(10 * time.Second), MessagesPerHour: 1000},
		},
		"no personal access tokens by default": {
			issuer,
			func(c realmconfig.Config) any { return c.PersonalAccessTokens },
			(*realmconfig.PersonalAccessTokens)(nil),
		},
		"personal access tokens by default": {
			issuer + "personalAccessTokens: {}",
			func(c realmconfig.Config) any { return *c.PersonalAccessTokens },
			realmconfig.PersonalAccessTokens{MaxLifetime: minutes(90 * 24 * 60)},
		},
		"personal access tokens": {
			issuer + "personalAccessTokens: {maxLifetime: 168h}",
			func(c realmconfig.Config) any { return *c.PersonalAccessTokens },
			realmconfig.PersonalAccessTokens{MaxLifetime: minutes(7 * 24 * 60)},
		},
		"administrators however they like by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Administration },
			(*realmconfig.Administration)(nil),
		},
		"administrators by two factors": {
			issuer + `administration: {acr: "2"}`,
			func(c realmconfig.Config) any { return *c.Administration },
			realmconfig.Administration{ACR: "2"},
		},
		"administrators by two factors, today": {
			issuer + `administration: {acr: "2", maxAge: 12h}`,
			func(c realmconfig.Config) any { return *c.Administration },
			realmconfig.Administration{ACR: "2", MaxAge: minutes(12 * 60)},
		},
		"claims": {
			issuer + "claims: [{name: tenant, expression: user.email}, {name: level, expression: '1', in: [IDToken, UserInfo]}]\nexamples: [{then: {level: 1}}]",
			func(c realmconfig.Config) any { return c.Claims },
			[]realmconfig.Claim{
				{Name: "tenant", Expression: "user.email"},
				{Name: "level", Expression: "1", In: []realmconfig.ClaimPlace{realmconfig.InIDToken, realmconfig.InUserInfo}},
			},
		},
		"browsers": {
			issuer + "cors: {allowedOrigins: [https://a.example]}\nui: {returnURLs: [https://a.example/], resetPasswordURL: 'https://a.example/r/{token}', verifyEmailURL: 'https://a.example/v/{token}'}",
			func(c realmconfig.Config) any { return c.Browser },
			realmconfig.Browser{
				AllowedOrigins: []string{"https://a.example"}, ReturnURLs: []string{"https://a.example/"},
				ResetPasswordURL: "https://a.example/r/{token}", VerifyEmailURL: "https://a.example/v/{token}",
			},
		},
		"browsers by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Browser },
			realmconfig.Browser{
				ResetPasswordURL: "https://login.example.com/reset/{token}", VerifyEmailURL: "https://login.example.com/verify-email/{token}",
			},
		},
		"pages": {
			issuer + "ui: {displayName: The Shop, colors: {light: {accent: '#ffcc00', text: '#000000'}, dark: {background: '#888888'}}, supportURL: https://a.example/help, legalLinks: [{text: Terms, url: https://a.example/terms}], languages: [de, en], texts: {de: {signin.title: Willkommen, signin.titel: x, sent.reset: 'An {mail}'}}}",
			func(c realmconfig.Config) any { return c.UI },
			realmconfig.UI{
				DisplayName: "The Shop", SupportURL: "https://a.example/help", Languages: []string{"de", "en"},
				Light:      realmconfig.Theme{Accent: "#ffcc00", Text: "#000000"},
				LegalLinks: []realmconfig.Link{{Text: "Terms", URL: "https://a.example/terms"}},
				Texts:      map[string]map[string]string{"de": {"signin.title": "Willkommen"}},
			},
		},
		"pages by default": {
			issuer,
			func(c realmconfig.Config) any { return c.UI },
			realmconfig.UI{DisplayName: "staff", Languages: []string{"en", "de", "es", "fr"}},
		},
		"every color": {
			issuer + "ui: {colors: {light: {accent: '#000001', background: '#fffffe', surface: '#fffffd', text: '#000002'}, dark: {accent: '#fffffc', background: '#000003', surface: '#000004', text: '#fffffb'}}}",
			func(c realmconfig.Config) any { return []realmconfig.Theme{c.UI.Light, c.UI.Dark} },
			[]realmconfig.Theme{
				{Accent: "#000001", Background: "#fffffe", Surface: "#fffffd", Text: "#000002"},
				{Accent: "#fffffc", Background: "#000003", Surface: "#000004", Text: "#fffffb"},
			},
		},
		"an accent for both themes": {
			issuer + "ui: {colors: {light: {accent: '#ffcc00'}}}",
			func(c realmconfig.Config) any { return c.UI.Dark },
			realmconfig.Theme{Accent: "#ffcc00"},
		},
		"one page for help": {
			issuer + "ui: {supportURL: https://a.example}\nemail: {from: a@b.example, smtp: {host: h}}",
			func(c realmconfig.Config) any { return c.Email.SupportURL },
			"https://a.example",
		},
		"the mails' page for help": {
			issuer + "email: {from: a@b.example, smtp: {host: h}, supportURL: https://a.example}",
			func(c realmconfig.Config) any { return c.UI.SupportURL },
			"https://a.example",
		},
		"network": {
			issuer + "network: {trustedProxies: [10.0.0.0/8], requestsPerMinute: 0}",
			func(c realmconfig.Config) any { return c.Network },
			realmconfig.Network{TrustedProxies: []string{"10.0.0.0/8"}},
		},
		"network by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Network },
			realmconfig.Network{RequestsPerMinute: 120},
		},
		"audit": {
			issuer + "audit: {retention: 24h}",
			func(c realmconfig.Config) any { return c.Audit.Retention }, minutes(24 * 60),
		},
		"audit by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Audit.Retention }, minutes(90 * 24 * 60),
		},
		"tracing": {
			issuer + "tracing: {endpoint: 'http://otel-collector.observability:4318', samplePercent: 0, allowPrivateNetworks: true}",
			func(c realmconfig.Config) any { return c.Tracing },
			&realmconfig.Tracing{Endpoint: "http://otel-collector.observability:4318", AllowPrivateNetworks: true},
		},
		"every trace by default": {
			issuer + "tracing: {endpoint: https://otlp.example.com/tenant}",
			func(c realmconfig.Config) any { return c.Tracing },
			&realmconfig.Tracing{Endpoint: "https://otlp.example.com/tenant", SamplePercent: 100},
		},
		"clients": {
			issuer + "clients: {allowedNamespaces: All, audiences: [shop, 'https://api.example.com'], allowPrivateNetworks: true}",
			func(c realmconfig.Config) any { return c.Clients },
			realmconfig.Clients{Audiences: []string{"shop", "https://api.example.com"}, AllowPrivateNetworks: true},
		},
		"clients that register themselves": {
			issuer + "clients: {metadataDocuments: {hosts: [app.example.com, '*.example.org']}, registration: {initialAccessTokens: {name: agents}, expiresAfter: 2h}}",
			func(c realmconfig.Config) any { return c.Clients },
			realmconfig.Clients{
				MetadataDocuments: &realmconfig.MetadataDocuments{Hosts: []string{"app.example.com", "*.example.org"}},
				Registration:      &realmconfig.ClientRegistration{ExpiresAfter: minutes(120)},
			},
		},
		"clients that register themselves, by default": {
			issuer + "clients: {registration: {initialAccessTokens: {name: agents}}}",
			func(c realmconfig.Config) any { return *c.Clients.Registration },
			realmconfig.ClientRegistration{ExpiresAfter: minutes(30 * 24 * 60)},
		},
		"no tracing by default": {
			issuer,
			func(c realmconfig.Config) any { return c.Tracing }, (*realmconfig.Tracing)(nil),
		},
	}
}

func TestConfigSaysWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	for name, c := range saidSettings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := render.Config(inputs(t, c.spec))
			if got := c.part(config); !reflect.DeepEqual(got, c.want) {
				t.Errorf("is %+v, want %+v", got, c.want)
			}
			if err := config.Validate(); err != nil {
				t.Errorf("the server refuses it: %v", err)
			}
		})
	}
}

func TestProviderSettings(t *testing.T) {
	t.Parallel()
	const server = "https://sso.example.com/"
	var got []realmconfig.Provider
	for _, p := range providers(t) {
		got = append(got, render.ProviderSettings(p.Object, p.Callback))
	}
	want := []realmconfig.Provider{
		{
			Name: "dex", DisplayName: "dex", Type: realmconfig.OIDC, ClientID: "realm-at-dex", SignUp: true,
			Issuer: "http://dex.dex.svc:5556/dex", AllowPrivateNetworks: true, ResponseMode: realmconfig.FormPost, Scopes: []string{"openid", "groups"},
			Claims: realmconfig.Claims{Subject: "oid", Email: "upn", EmailVerified: "verified", Name: "nick"},
			Groups: &realmconfig.GroupMapping{Claim: "roles", Allow: []string{"ops", "dev"}, Prefix: "corp:"},
		},
		{Name: "github", DisplayName: "GitHub", Type: realmconfig.GitHub, ClientID: "realm-at-github", OwnCallback: true, SignUp: true},
		{
			Name: "gitlab", DisplayName: "GitLab", Type: realmconfig.GitLab, ClientID: "realm-at-gitlab",
			Issuer: "https://gitlab.example.com", RequireIssuer: true, LinkByEmail: true, TrustEmail: true,
		},
		{
			Name: "google", DisplayName: "Google Workspace", Type: realmconfig.Google, ClientID: "realm-at-google", OwnCallback: true, SignUp: true,
			AllowedEmailDomains: []string{"example.com"},
		},
		{
			Name: "microsoft", DisplayName: "Microsoft", Type: realmconfig.Microsoft, ClientID: "realm-at-microsoft", OwnCallback: true, SignUp: true,
			Issuer: "https://login.microsoftonline.com/a-tenant/v2.0",
		},
		{
			Name: "sso", DisplayName: "sso", Type: realmconfig.OAuth2, ClientID: "realm-at-sso", OwnCallback: true, SignUp: true,
			Endpoints: &realmconfig.Endpoints{Authorization: server + "authorize", Token: server + "token", UserInfo: server + "me"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("are\n%+v\nwant\n%+v", got, want)
	}
}

func TestProvidersAndTheirSecretsLeaveThePodTemplateAlone(t *testing.T) {
	t.Parallel()
	in := inputs(t, cases()["issuer-only"])
	plain := serverTemplate(t, in)
	in.Providers = providers(t)
	if got := serverTemplate(t, in); got != plain {
		t.Errorf("providers change the pod template:\n%s", got)
	}
}

func TestProblemOfAProviderQuotesNothing(t *testing.T) {
	t.Parallel()
	p := providers(t)[0].Object
	p.Spec.Issuer, p.Spec.ClientID = "hunter2", ""
	if err := render.ProviderProblem(p); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "providers[0].issuer") {
		t.Errorf("the problem is %v", err)
	}
}
