// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// refusal is what token endpoints answer (RFC 6749, section 5.2).
type refusal struct {
	Error string `json:"error"`
	// Codes are Microsoft's own, of which one error may have many.
	Codes []int `json:"error_codes"`
}

// Codes of Microsoft's (AADSTS…) that say more than the error does.
const (
	requestMalformed  = 9002313
	secretExpired     = 7000222
	clientNotInTenant = 700016
	callbackUnknown   = 50011
	callbackDiffers   = 500112
	noCallback        = 500113
)

// judge says what an answer to a code that nobody has means for the client.
func judge(kind realmconfig.ProviderType, status int, body []byte, callback string) Finding {
	var r refusal
	if json.Unmarshal(body, &r) != nil {
		r = refusal{}
	}
	if kind != realmconfig.Microsoft {
		r.Codes = nil
	}
	says := func(errors ...string) bool { return slices.Contains(errors, r.Error) }
	has := func(codes ...int) bool {
		return slices.ContainsFunc(codes, func(code int) bool { return slices.Contains(r.Codes, code) })
	}
	switch {
	case has(callbackUnknown, callbackDiffers, noCallback), says("redirect_uri_mismatch"):
		return Finding{metav1.ConditionFalse, v1alpha1.ReasonCallbackRefused,
			fmt.Sprintf("The provider does not know the callback URL; register %s there", callback)}
	case has(secretExpired):
		return invalidClient("The client secret has expired; have the provider make a new one, and put it into the Secret")
	case has(clientNotInTenant):
		return invalidClient("The tenant has no application of this client ID; correct clientID or issuer")
	case has(requestMalformed):
		return unproven("The provider looked at the code first, and so not at the secret; a sign-in will tell")
	case says("invalid_grant", "bad_verification_code"):
		return Finding{metav1.ConditionTrue, v1alpha1.ReasonProven,
			fmt.Sprintf("The provider takes the client ID with this secret; the callback URL to register there is %s", callback)}
	case says("invalid_client", "incorrect_client_credentials", "deleted_client", "disabled_client"),
		r.Error == "" && status == http.StatusUnauthorized:
		return invalidClient("The provider does not take the client ID with this secret; correct clientID, or put the secret that it gave you into the Secret")
	case says("unauthorized_client"):
		return Finding{metav1.ConditionFalse, v1alpha1.ReasonUnauthorizedClient,
			"The provider does not let this client redeem authorization codes; allow it that grant there"}
	}
	return unproven(fmt.Sprintf("The token endpoint answers %d%s, which says nothing of the secret; a sign-in will tell", status, code(r.Error)))
}

// isRefusal reports whether an answer is one of a token endpoint, which names an error.
func isRefusal(body []byte) bool {
	var r refusal
	return json.Unmarshal(body, &r) == nil && r.Error != ""
}

func invalidClient(message string) Finding {
	return Finding{metav1.ConditionFalse, v1alpha1.ReasonInvalidClient, message}
}

func unproven(message string) Finding {
	return Finding{metav1.ConditionUnknown, v1alpha1.ReasonUnproven, message}
}

// code is an error code to quote. One that no standard knows may be anything,
// even what was sent.
func code(text string) string {
	known := []string{"invalid_request", "invalid_scope", "unsupported_grant_type", "access_denied", "server_error", "temporarily_unavailable", "slow_down"}
	if !slices.Contains(known, text) {
		return ""
	}
	return " " + text
}
