// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// nobodysCode was never handed out by anybody.
	nobodysCode = "realmkeeper-asks-whether-the-client-secret-works"
	// nobodysVerifier has the length of a real one (RFC 7636, section 4.1).
	nobodysVerifier = "realmkeeper-asks-whether-the-client-secret-works"
)

// secretInBody reports whether a provider without discovery is known not to take
// the client's secret as a header.
func (v visit) secretInBody() bool { return v.Provider.Type == realmconfig.GitHub }

// present shows the token endpoint who we are. A server that takes the secret in
// the body alone need not say so beforehand, and refuses the client.
func (v visit) present(ctx context.Context, to tokenEndpoint) Finding {
	first := v.redeem(ctx, to.address, to.secretInBody)
	if first.Reason != v1alpha1.ReasonInvalidClient || to.secretInBody {
		return first
	}
	if second := v.redeem(ctx, to.address, true); second.Status != metav1.ConditionUnknown {
		return second
	}
	return first
}

// redeem tries to redeem a code that nobody has.
func (v visit) redeem(ctx context.Context, address string, secretInBody bool) Finding {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {nobodysCode}, "code_verifier": {nobodysVerifier},
		"redirect_uri": {v.CallbackURL},
	}
	if secretInBody {
		form.Set("client_id", v.Provider.ClientID)
		form.Set("client_secret", string(v.Secret))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return untold(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !secretInBody {
		// Both are encoded first (RFC 6749, section 2.3.1).
		r.SetBasicAuth(url.QueryEscape(v.Provider.ClientID), url.QueryEscape(string(v.Secret)))
	}
	status, body, err := v.do(r)
	if err == nil && statusError(status).passing() {
		err = statusError(status)
	}
	if err != nil {
		return untold(err)
	}
	return judge(v.Provider.Type, status, body, v.CallbackURL)
}

// untold is the finding when the token endpoint said nothing.
func untold(err error) Finding {
	if forbidden(err) {
		return Finding{metav1.ConditionFalse, v1alpha1.ReasonForbiddenAddress, "The token endpoint" + forbiddenWords}
	}
	return Finding{metav1.ConditionUnknown, v1alpha1.ReasonUnreachable,
		"The token endpoint says nothing: " + words(err) + "; it is asked again soon"}
}
