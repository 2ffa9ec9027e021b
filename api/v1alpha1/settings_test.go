// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// mail is an email group that every valid one can be made from.
const mail = "email: {from: login@example.com, smtp: {host: smtp.example.com}}\n"

func TestSettingsThatAreAccepted(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"a password policy":                   "passwords: {minLength: 12, allowCommon: true, resetTokenLifetime: 30m}",
		"failures of one source":              "login: {lockout: {sourceFailures: 1000}}",
		"open registration":                   "registration: {mode: Open, emailVerification: Optional, verificationLifetime: 72h}",
		"gateways that are told any address":  "forwardAuth: {unverifiedEmail: Send}",
		"gateways that are not":               "forwardAuth: {unverifiedEmail: Omit}",
		"verified addresses alone":            mail + "registration: {mode: Open, emailVerification: Required}",
		"optional verification without email": "registration: {emailVerification: Optional}",
		"mailed codes":                        mail + `login: {mailCode: "On"}`,
		"registration with passkeys":          mail + "passkeys: {}\nregistration: {mode: Open, emailVerification: Optional, passkeys: Allowed}",
		"registration with passkeys alone":    mail + "passkeys: {}\nregistration: {passkeys: Only}",
		"registration without passkeys":       "registration: {passkeys: Refused}",
		"a recovery without a wait":           "recovery: {wait: 0s}",
		"a recovery of a minute":              "recovery: {wait: 1m}",
		"a recovery of 30 days":               "recovery: {wait: 720h}",
		"no mailed codes":                     `login: {mailCode: "Off"}`,
		"second factors":                      "twoFactor: {label: Café, failures: 3, duration: 1h, challengeLifetime: 10m}",
		"the least of email":                  mail,
		"a sender with a name":                "email: {from: 'Example - the Shop <login@example.com>', smtp: {host: a}}",
		"a sender with a quoted name":         `email: {from: '"Example, Inc." <login@example.com>', smtp: {host: a}}`,
		"a sender with a foreign name":        "email: {from: 'Bücher am Dom <hallo+shop@mail.example.com>', smtp: {host: a}}",
		"SMTP with everything":                "email: {from: a@b.example, smtp: {host: smtp.example.com, port: 465, security: TLS, credentialsSecretRef: {name: smtp, usernameKey: user, passwordKey: pass}, caSecretRef: {name: ca, key: tls.crt}}, timeout: 1m, supportURL: 'https://help.example.com/?from=mail'}",
		"SMTP on an IP address":               "email: {from: a@b.example, smtp: {host: '2001:db8::1'}}",
		"a relay without TLS":                 "email: {from: a@b.example, smtp: {host: relay.mail.svc, port: 25, security: None, allowPrivateNetworks: true}}",
		"mails of one's own":                  "email: {from: a@b.example, smtp: {host: a}, templates: {reset-password: {subject: Forgot it}, code: {text: '{{.Code}}', html: '<p>{{.Code}}</p>'}}}",
		"Twilio":                              "sms: {twilio: {accountSID: AC0123456789abcdef0123456789abcdef, from: '+15005550006', authTokenSecretRef: {name: twilio}}}",
		"a service like Twilio":               "sms: {twilio: {accountSID: my-project, from: '+49151123456', authTokenSecretRef: {name: twilio, key: token}, url: https://example.signalwire.com/api}, timeout: 30s}",
		"a webhook":                           "sms: {webhook: {url: 'https://sms.example.com/send?via=b', signingSecretRef: {name: sms}}}",
		"a webhook in the cluster":            "sms: {webhook: {url: 'http://sms.tools.svc:8080/send', signingSecretRef: {name: sms}}, allowPrivateNetworks: true}",
		"an app of one's own":                 "ui: {displayName: The Shop, returnURLs: [https://shop.example.com/, 'http://localhost:3000/back'], resetPasswordURL: 'https://shop.example.com/#/reset/{token}', verifyEmailURL: 'https://shop.example.com/verify?token={token}'}",
		"a brand":                             "ui: {logo: {configMapRef: {name: shop-brand, key: logo.svg}}, colors: {light: {accent: '#FFCC00', background: '#ffffff', surface: '#f8f8f8', text: '#000000'}, dark: {accent: '#ffcc00'}}, supportURL: 'https://help.example.com/?from=login', legalLinks: [{text: Terms, url: https://shop.example.com/terms}, {text: Privacy, url: https://shop.example.com/privacy}]}",
		"one color":                           "ui: {colors: {dark: {accent: '#a0b0c0'}}}",
		"languages in their order":            "ui: {languages: [de, en]}",
		"words of one's own":                  "ui: {texts: {de: {signin.title: Willkommen, account.saved.two-factor: Erledigt}, en: {problem.user_not_found: 'Who?'}}}",
		"words that no page uses":             "ui: {texts: {de: {signin.titel: Willkommen}}}",
		"administrators by two factors":       `administration: {acr: "2"}`,
		"administrators of this minute":       `administration: {acr: "1", maxAge: 1m}`,
		"administrators of this year":         "administration: {maxAge: 8760h}",
		"passkeys":                            "passkeys: {}",
		"passkeys at 20 origins":              "passkeys: {relatedOrigins: [" + manyOrigins(20) + "]}",
		"passkeys at a port":                  "passkeys: {relatedOrigins: ['https://App.example.net:65535']}",
		"origins":                             "cors: {allowedOrigins: [https://shop.example.com, 'https://shop.example.com:8443', 'http://localhost:3000', 'http://[::1]:3000']}",
		"proxies":                             "network: {trustedProxies: [10.0.0.0/8, 192.0.2.7/32, '2001:db8::/32'], requestsPerMinute: 0}",
		"an audit trail of ten years":         "audit: {retention: 87600h}",
		"traces":                              "tracing: {endpoint: 'https://otlp.example.com:4318/tenant'}",
		"traces within the cluster":           "tracing: {endpoint: 'http://otel-collector.observability:4318', samplePercent: 0, allowPrivateNetworks: true}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := submit(t, "AuthRealm", "realm", issuer+spec); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestEveryMailMayBeReplaced(t *testing.T) {
	t.Parallel()
	for _, name := range realmconfig.EmailTemplateNames() {
		spec := issuer + "email: {from: a@b.example, smtp: {host: a}, templates: {" + name + ": {subject: Mine}}}"
		if err := submit(t, "AuthRealm", "realm", spec); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
}

func TestSettingsThatAreRefusedInTheUsersWords(t *testing.T) {
	t.Parallel()
	const sid = "AC0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct{ spec, says string }{
		"a sender with a folding letter":             {"email: {from: adm\u0130n@example.com, smtp: {host: a}}", "of ASCII letters"},
		"a sender in U-labels":                       {"email: {from: 'Bücher <login@bücher.example>', smtp: {host: a}}", "in its form with xn--"},
		"a sender with two dots":                     {"email: {from: no..reply@example.com, smtp: {host: a}}", "from must be an address"},
		"a sender at an IP address":                  {"email: {from: 'Example <login@192.0.2.7>', smtp: {host: a}}", "from must be an address"},
		"a sender with a long name of its own":       {"email: {from: " + strings.Repeat("a", 65) + "@example.com, smtp: {host: a}}", "from must be an address"},
		"passwords of seven characters":              {"passwords: {minLength: 7}", "passwords.minLength"},
		"passwords of an essay's length":             {"passwords: {minLength: 65}", "passwords.minLength"},
		"a reset link for a second":                  {"passwords: {resetTokenLifetime: 1s}", "resetTokenLifetime must be 1m to 24h"},
		"a reset link for two days":                  {"passwords: {resetTokenLifetime: 2d}", "resetTokenLifetime must be a duration such as"},
		"no failure of a source":                     {"login: {lockout: {sourceFailures: 0}}", "sourceFailures"},
		"an unknown registration":                    {"registration: {mode: InviteOnly}", "registration.mode"},
		"open registration of whomever":              {"registration: {mode: Open}", "mode Open must say its emailVerification: Required (nobody signs in before they have followed the link that is mailed to their address) or Optional (anybody signs in at once, with an address that may be somebody else's)"},
		"addresses that are sent sometimes":          {"forwardAuth: {unverifiedEmail: Maybe}", "unverifiedEmail"},
		"gateways about which nothing is said":       {"forwardAuth: {}", "forwardAuth"},
		"required verification without email":        {"registration: {emailVerification: Required}", "registration.emailVerification Required needs email"},
		"mailed codes without email":                 {`login: {mailCode: "On"}`, "login.mailCode On needs email: without mail nobody is sent a code"},
		"registration with passkeys and no passkeys": {mail + "registration: {passkeys: Allowed}", "registration.passkeys Allowed and Only need passkeys, such as passkeys: {}: without it the realm takes none"},
		"registration with passkeys and no email":    {"passkeys: {}\nregistration: {passkeys: Only}", "registration.passkeys Allowed and Only need email: the link that an account is made with is mailed"},
		"registration with passkeys now and then":    {mail + "passkeys: {}\nregistration: {passkeys: Sometimes}", "registration.passkeys"},
		"a recovery of nothing":                      {"recovery: {}", "recovery"},
		"a recovery of seconds":                      {"recovery: {wait: 59s}", "recovery.wait"},
		"a recovery of months":                       {"recovery: {wait: 721h}", "recovery.wait"},
		"mailed codes as YAML has them":              {mail + "login: {mailCode: On}", "login.mailCode"},
		"mailed codes now and then":                  {mail + "login: {mailCode: Sometimes}", "login.mailCode"},
		"a verification link for a year":             {"registration: {verificationLifetime: 8760h}", "verificationLifetime must be 1m to 720h"},
		"a label with a colon":                       {`twoFactor: {label: "Shop: Login"}`, "label must have no ':'"},
		"a label of many bytes":                      {"twoFactor: {label: " + strings.Repeat("é", 33) + "}", "label may have at most 64 bytes"},
		"a challenge of a day":                       {"twoFactor: {challengeLifetime: 24h}", "challengeLifetime must be 1m to 1h"},
		"email without a sender":                     {"email: {smtp: {host: a}}", "email.from: Required value"},
		"email without a server":                     {"email: {from: a@b.example}", "email.smtp: Required value"},
		"a sender that is a name":                    {"email: {from: Example, smtp: {host: a}}", "from must be an address such as"},
		"a sender without a bracket":                 {"email: {from: Example login@example.com, smtp: {host: a}}", "from must be an address such as"},
		"a sender with a line break":                 {`email: {from: "Example\r\nBcc: x <a@b.example>", smtp: {host: a}}`, "from must be an address such as"},
		"two senders":                                {"email: {from: 'a@b.example, c@d.example', smtp: {host: a}}", "from must be an address such as"},
		"a server with its port":                     {"email: {from: a@b.example, smtp: {host: 'smtp.example.com:587'}}", "host must be a host name or an IP address alone"},
		"a server as a URL":                          {"email: {from: a@b.example, smtp: {host: 'smtp://smtp.example.com'}}", "host must be a host name or an IP address alone"},
		"a port that does not exist":                 {"email: {from: a@b.example, smtp: {host: a, port: 65536}}", "email.smtp.port"},
		"an unknown security":                        {"email: {from: a@b.example, smtp: {host: a, security: SSL}}", "email.smtp.security"},
		"a password in the clear":                    {"email: {from: a@b.example, smtp: {host: a, security: None, credentialsSecretRef: {name: s}}}", "security None never sends credentials"},
		"a CA for no TLS":                            {"email: {from: a@b.example, smtp: {host: a, security: None, caSecretRef: {name: s}}}", "security None has no certificate to verify"},
		"a delivery of an hour":                      {"email: {from: a@b.example, smtp: {host: a}, timeout: 1h}", "timeout must be 1s to 5m"},
		"a plain support page":                       {"email: {from: a@b.example, smtp: {host: a}, supportURL: 'http://help.example.com'}", "email.supportURL"},
		"a mail that does not exist":                 {"email: {from: a@b.example, smtp: {host: a}, templates: {welcome: {text: Hi}}}", "templates are named verify-email, already-registered"},
		"a mail that changes nothing":                {"email: {from: a@b.example, smtp: {host: a}, templates: {code: {}}}", "email.templates"},
		"no way to send SMS":                         {"sms: {}", "sms needs twilio or webhook"},
		"two ways to send SMS":                       {"sms: {twilio: {accountSID: " + sid + ", from: '+15005550006', authTokenSecretRef: {name: t}}, webhook: {url: https://a.example, signingSecretRef: {name: s}}}", "sms takes twilio or webhook, not both"},
		"an API key for an account":                  {"sms: {twilio: {accountSID: SK0123456789abcdef0123456789abcdef, from: '+15005550006', authTokenSecretRef: {name: t}}}", "accountSID must be AC and 32 hexadecimal digits"},
		"an account that is a path":                  {"sms: {twilio: {accountSID: a/b, from: '+15005550006', authTokenSecretRef: {name: t}, url: https://a.example}}", "accountSID may hold only letters"},
		"a number without its country":               {"sms: {twilio: {accountSID: " + sid + ", from: '015005550006', authTokenSecretRef: {name: t}}}", "from must be a telephone number with its country code"},
		"a number with spaces":                       {"sms: {twilio: {accountSID: " + sid + ", from: '+1 500 555 00', authTokenSecretRef: {name: t}}}", "from must be a telephone number with its country code"},
		"Twilio without a token":                     {"sms: {twilio: {accountSID: " + sid + ", from: '+15005550006'}}", "authTokenSecretRef: Required value"},
		"a plain webhook":                            {"sms: {webhook: {url: 'http://sms.example.com', signingSecretRef: {name: s}}}", "url must be an https:// URL"},
		"a webhook by FTP":                           {"sms: {webhook: {url: 'ftp://sms.example.com', signingSecretRef: {name: s}}}", "must be an https:// URL"},
		"a webhook without a host":                   {"sms: {webhook: {url: 'https:///send', signingSecretRef: {name: s}}}", "must be a URL with a host"},
		"a webhook with a password":                  {"sms: {webhook: {url: 'https://me:pw@sms.example.com', signingSecretRef: {name: s}}}", "must have no user or password"},
		"a webhook without a secret":                 {"sms: {webhook: {url: https://sms.example.com}}", "signingSecretRef: Required value"},
		"an SMS that takes an hour":                  {"sms: {webhook: {url: https://a.example, signingSecretRef: {name: s}}, timeout: 1h}", "timeout must be 1s to 1m"},
		"a name of two lines":                        {`ui: {displayName: "The\nShop"}`, "displayName must be a name on one line"},
		"a name of nothing":                          {`ui: {displayName: "  "}`, "displayName must be a name on one line"},
		"a logo from nowhere":                        {"ui: {logo: {}}", "ui.logo.configMapRef: Required value"},
		"a logo without a key":                       {"ui: {logo: {configMapRef: {name: brand}}}", "ui.logo.configMapRef.key: Required value"},
		"a logo's key that is a path":                {"ui: {logo: {configMapRef: {name: brand, key: a/b.svg}}}", "key may hold only letters"},
		"no color at all":                            {"ui: {colors: {}}", "ui.colors"},
		"a theme of nothing":                         {"ui: {colors: {light: {}}}", "ui.colors.light"},
		"a color by name":                            {"ui: {colors: {light: {accent: magenta}}}", "must be a color such as #2f56c6"},
		"a color of three digits":                    {"ui: {colors: {light: {accent: '#fff'}}}", "ui.colors.light.accent"},
		"a style for a color":                        {"ui: {colors: {light: {accent: '#ffff;}'}}}", "must be a color such as #2f56c6"},
		"a plain help page":                          {"ui: {supportURL: 'http://help.example.com'}", "must be an https:// URL"},
		"help by script":                             {"ui: {supportURL: 'javascript:alert(1)'}", "must be an https:// URL"},
		"a legal link that says nothing":             {"ui: {legalLinks: [{text: '  ', url: https://a.example}]}", "must be words on one line, such as Privacy"},
		"a legal link to nowhere":                    {"ui: {legalLinks: [{text: Terms}]}", "ui.legalLinks[0].url: Required value"},
		"seven legal links":                          {"ui: {legalLinks: [" + strings.Repeat("{text: Terms, url: https://a.example},", 7) + "]}", "ui.legalLinks"},
		"a language that pages do not speak":         {"ui: {languages: [it]}", "ui.languages"},
		"a language twice":                           {"ui: {languages: [de, de]}", "ui.languages"},
		"no language":                                {"ui: {languages: []}", "ui.languages"},
		"words in another language":                  {"ui: {texts: {it: {signin.title: Benvenuti}}}", "texts are by language: en, de, es or fr"},
		"words under no key":                         {"ui: {texts: {de: {'Sign in': Los}}}", "texts are by key, such as signin.title"},
		"words of nothing":                           {"ui: {texts: {de: {signin.title: ''}}}", "ui.texts"},
		"words without end":                          {"ui: {texts: {de: {signin.title: " + strings.Repeat("x", 501) + "}}}", "ui.texts"},
		"a name of many bytes":                       {"ui: {displayName: " + strings.Repeat("é", 33) + "}", "displayName may have at most 64 bytes"},
		"a plain return URL":                         {"ui: {returnURLs: ['http://shop.example.com/']}", "http:// is for localhost alone"},
		"a return URL like localhost":                {"ui: {returnURLs: ['http://localhost.example.com/']}", "http:// is for localhost alone"},
		"a return URL with a query":                  {"ui: {returnURLs: ['https://shop.example.com/?a=b']}", "returnURLs must have no query and no fragment"},
		"a return URL with a user":                   {"ui: {returnURLs: ['https://localhost@evil.example/']}", "must have no user or password"},
		"a return URL for an app":                    {"ui: {returnURLs: ['shop://back']}", "must be an https:// URL"},
		"a return URL without a host":                {"ui: {returnURLs: ['https:///back']}", "must be a URL with a host"},
		"a reset page without the token":             {"ui: {resetPasswordURL: https://shop.example.com/reset}", "resetPasswordURL must say with {token}"},
		"a verify page without the token":            {"ui: {verifyEmailURL: 'https://shop.example.com/verify?token=:token'}", "verifyEmailURL must say with {token}"},
		"a plain reset page":                         {"ui: {resetPasswordURL: 'http://shop.example.com/{token}'}", "http:// is for localhost alone"},
		"administrators however they like":           {"administration: {}", "administration must say acr"},
		"administrators by three factors":            {`administration: {acr: "3"}`, "Unsupported value"},
		"administrators of this moment":              {"administration: {maxAge: 59s}", "administration.maxAge"},
		"passkeys at a related IP address":           {"passkeys: {relatedOrigins: ['https://192.0.2.7']}", "must be an origin such as https://app.example.net"},
		"passkeys at a plain origin":                 {"passkeys: {relatedOrigins: ['http://app.example.net']}", "must be an origin such as https://app.example.net"},
		"passkeys at a page":                         {"passkeys: {relatedOrigins: ['https://app.example.net/']}", "must be an origin such as https://app.example.net"},
		"passkeys at port 0":                         {"passkeys: {relatedOrigins: ['https://app.example.net:65536']}", "must have a port of 1 to 65535"},
		"passkeys at 21 origins":                     {"passkeys: {relatedOrigins: [" + manyOrigins(21) + "]}", "must have at most 20 items"},
		"every origin":                               {"cors: {allowedOrigins: ['*']}", "'*' would let every page on the web call the realm"},
		"an origin with a path":                      {"cors: {allowedOrigins: [https://shop.example.com/]}", "must be an origin such as"},
		"a plain origin":                             {"cors: {allowedOrigins: ['http://shop.example.com']}", "must be an origin such as"},
		"no origin at all":                           {"cors: {}", "allowedOrigins: Required value"},
		"an origin twice":                            {"cors: {allowedOrigins: [https://a.example, https://a.example]}", "Duplicate value"},
		"a proxy without its range":                  {"network: {trustedProxies: [10.0.0.1]}", "must be an address range in CIDR form"},
		"a proxy by name":                            {"network: {trustedProxies: [proxy.example.com]}", "must be an address range in CIDR form"},
		"fewer than no requests":                     {"network: {requestsPerMinute: -1}", "requestsPerMinute"},
		"an audit trail of an hour":                  {"audit: {retention: 1h}", "retention must be 24h to 87600h"},
		"traces to nowhere":                          {"tracing: {samplePercent: 10}", "endpoint: Required value"},
		"traces in the open":                         {"tracing: {endpoint: 'http://otlp.example.com:4318'}", "http:// is for private networks, with allowPrivateNetworks: true"},
		"traces over gRPC":                           {"tracing: {endpoint: 'otel-collector:4317'}", "must be an https:// URL"},
		"traces with a user":                         {"tracing: {endpoint: 'https://me:secret@otlp.example.com'}", "must have no user or password"},
		"traces with a query":                        {"tracing: {endpoint: 'https://otlp.example.com?key=secret'}", "endpoint must have no query"},
		"more traces than there are":                 {"tracing: {endpoint: 'https://otlp.example.com', samplePercent: 101}", "samplePercent"},
		"a group that says nothing":                  {"twoFactor: {}", "twoFactor"},
		"a field that does not exist":                {"email: {form: a@b.example, from: a@b.example, smtp: {host: a}}", "unknown field"},
		"a logo of a ConfigMap by a slash":           {"ui: {logo: {configMapRef: {name: web/brand, key: b.svg}}}", "name must be the name of a ConfigMap"},
		"a logo's key that is a folder":              {"ui: {logo: {configMapRef: {name: brand, key: ..}}}", "key must not be '.' and must not begin with '..'"},
		"a relay's Secret by a slash":                {"email: {from: a@b.example, smtp: {host: a, credentialsSecretRef: {name: a/b}}}", "name must be the name of a Secret"},
		"a relay's user in a folder":                 {"email: {from: a@b.example, smtp: {host: a, credentialsSecretRef: {name: a, usernameKey: ..u}}}", "usernameKey must not be '.'"},
		"a relay's password in a folder":             {"email: {from: a@b.example, smtp: {host: a, credentialsSecretRef: {name: a, passwordKey: .}}}", "passwordKey must not be '.'"},
		"a relay's CA in capitals":                   {"email: {from: a@b.example, smtp: {host: a, caSecretRef: {name: CA}}}", "name must be the name of a Secret"},
		"a token of Twilio's by a slash":             {"sms: {twilio: {accountSID: AC0123456789abcdef0123456789abcdef, from: '+15005550006', authTokenSecretRef: {name: a/b}}}", "name must be the name of a Secret"},
		"a webhook's secret by a slash":              {"sms: {webhook: {url: https://sms.example, signingSecretRef: {name: a/b}}}", "name must be the name of a Secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "AuthRealm", "realm", issuer+c.spec), c.says)
		})
	}
}

// manyOrigins are so many, in a list of YAML.
func manyOrigins(n int) string {
	list := []string{}
	for i := range n {
		list = append(list, fmt.Sprintf("https://app-%d.example.net", i))
	}
	return strings.Join(list, ", ")
}
