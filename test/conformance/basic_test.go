// SPDX-License-Identifier: Apache-2.0

package conformance

import "testing"

// basic are the modules of the plan oidcc-basic-certification-test-plan, in its order.
func basic() []module {
	return []module{
		{"oidcc-server", server},
		{"oidcc-response-type-missing", responseTypeMissing},
		{"oidcc-idtoken-signature", idTokenSignature},
		{"oidcc-idtoken-unsigned", idTokenUnsigned},
		{"oidcc-userinfo-get", userInfoGet},
		{"oidcc-userinfo-post-header", userInfoPostHeader},
		{"oidcc-userinfo-post-body", userInfoPostBody},
		{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", succeedsWith("nonce", "")},
		{"oidcc-scope-profile", scopeOf("profile")},
		{"oidcc-scope-email", scopeOf("email")},
		{"oidcc-scope-address", scopeOf("address")},
		{"oidcc-scope-phone", scopeOf("phone")},
		{"oidcc-scope-all", scopeAll},
		{"oidcc-alternate-happy-flow", alternateHappyFlow},
		{"oidcc-display-page", succeedsWith("display", "page")},
		{"oidcc-display-popup", succeedsWith("display", "popup")},
		{"oidcc-prompt-login", promptLogin},
		{"oidcc-prompt-none-not-logged-in", promptNoneNotLoggedIn},
		{"oidcc-prompt-none-logged-in", promptNoneLoggedIn},
		{"oidcc-max-age-1", maxAge1},
		{"oidcc-max-age-10000", maxAge10000},
		{"oidcc-ensure-request-with-unknown-parameter-succeeds", succeedsWith("extra", "foobar")},
		{"oidcc-id-token-hint", idTokenHint},
		{"oidcc-login-hint", loginHint},
		{"oidcc-ui-locales", uiLocales},
		{"oidcc-claims-locales", succeedsWith("claims_locales", "se")},
		{"oidcc-ensure-request-with-acr-values-succeeds", acrValues},
		{"oidcc-codereuse", codeReuse},
		{"oidcc-codereuse-30seconds", codeReuseLater},
		{"oidcc-ensure-registered-redirect-uri", registeredRedirectURI},
		{"oidcc-ensure-post-request-succeeds", postRequest},
		{"oidcc-server-client-secret-post", clientSecretPost},
		{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", requestURI},
		{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", requestObject},
		{"oidcc-claims-essential", claimsEssential},
		{"oidcc-ensure-request-object-with-redirect-uri", requestObjectWithRedirectURI},
		{"oidcc-refresh-token", refreshToken},
		{"oidcc-ensure-request-with-valid-pkce-succeeds", validPKCE},
	}
}

func TestBasic(t *testing.T) {
	t.Parallel()
	runModules(t, "", basic())
}

func TestFormPostBasic(t *testing.T) {
	t.Parallel()
	runModules(t, "form_post", basic())
}
