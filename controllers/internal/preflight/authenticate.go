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
	// unknownCode was never handed out by anybody.
	unknownCode = "realmkeeper-asks-whether-the-client-secret-works"
	// unknownVerifier has the length of a real one (RFC 7636, section 4.1).
	unknownVerifier = "realmkeeper-asks-whether-the-client-secret-works"
)

// secretInBody reports whether a provider without discovery is known not to take
// the client's secret as a header.
func (p probe) secretInBody() bool { return p.Provider.Type == realmconfig.GitHub }

// authenticate shows the token endpoint who we are. A server that takes the secret in
// the body alone need not say so beforehand, and refuses the client.
func (p probe) authenticate(ctx context.Context, to tokenEndpoint) Finding {
	first := p.redeem(ctx, to.address, to.secretInBody)
	if first.Reason != v1alpha1.ReasonInvalidClient || to.secretInBody {
		return first
	}
	if second := p.redeem(ctx, to.address, true); second.Status != metav1.ConditionUnknown {
		return second
	}
	return first
}

// redeem tries to redeem a code that nobody has.
func (p probe) redeem(ctx context.Context, address string, secretInBody bool) Finding {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {unknownCode}, "code_verifier": {unknownVerifier},
		"redirect_uri": {p.CallbackURL},
	}
	if secretInBody {
		form.Set("client_id", p.Provider.ClientID)
		form.Set("client_secret", string(p.Secret))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return noAnswer(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !secretInBody {
		// Both are encoded first (RFC 6749, section 2.3.1).
		r.SetBasicAuth(url.QueryEscape(p.Provider.ClientID), url.QueryEscape(string(p.Secret)))
	}
	status, body, err := p.do(r)
	if err == nil && statusError(status).temporary() {
		err = statusError(status)
	}
	if err != nil {
		return noAnswer(err)
	}
	if p.Private && !isRefusal(body) { // anybody may answer 401
		return unproven("It is no token endpoint that answers")
	}
	return judge(p.Provider.Type, status, body, p.CallbackURL)
}

// noAnswer is the finding when the token endpoint said nothing.
func noAnswer(err error) Finding {
	if forbidden(err) {
		return Finding{metav1.ConditionFalse, v1alpha1.ReasonForbiddenAddress, "The token endpoint" + forbiddenMessage}
	}
	return Finding{metav1.ConditionUnknown, v1alpha1.ReasonUnreachable,
		"The token endpoint says nothing: " + explain(err) + "; it is asked again soon"}
}
