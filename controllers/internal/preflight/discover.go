// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

// tokenEndpoint is where codes are redeemed, and how.
type tokenEndpoint struct {
	address      string
	secretInBody bool
	// namedIssuer is who promises to say that a code is theirs.
	namedIssuer string
}

func (p probe) discover(ctx context.Context) (tokenEndpoint, Finding) {
	issuer := discovery.Issuer(p.Provider)
	if issuer == "" {
		return tokenEndpoint{address: discovery.Stated(p.Provider).Token, secretInBody: p.secretInBody()},
			Finding{metav1.ConditionTrue, v1alpha1.ReasonNotNeeded, "Where it answers is known without discovery"}
	}
	document, err := p.get(ctx, discovery.URL(issuer))
	if err != nil {
		return tokenEndpoint{}, undiscovered("The discovery document below the issuer's URL", err)
	}
	d, err := discovery.Parse(p.Provider, document)
	switch {
	case errors.Is(err, discovery.ErrIssuer):
		return tokenEndpoint{}, Finding{metav1.ConditionFalse, v1alpha1.ReasonIssuerMismatch,
			fmt.Sprintf("What answers at %s is another issuer; state the issuer exactly as its own discovery document does", issuer)}
	case err != nil:
		return tokenEndpoint{}, Finding{metav1.ConditionFalse, v1alpha1.ReasonInvalidDiscovery,
			fmt.Sprintf("No sign-in is possible, because %v; correct issuer, or the provider", err)}
	}
	document, err = p.get(ctx, d.JWKS)
	if err != nil {
		return tokenEndpoint{}, undiscovered("The key set", err)
	}
	if keys, err := discovery.Keys(document); err != nil || len(keys) == 0 {
		return tokenEndpoint{}, Finding{metav1.ConditionFalse, v1alpha1.ReasonInvalidDiscovery,
			"No sign-in is possible, because no published key can verify an ID token; the provider must have one"}
	}
	named := namedIssuer(p.Provider, d)
	if named == "" && p.Provider.RequireIssuer {
		return tokenEndpoint{}, Finding{metav1.ConditionFalse, v1alpha1.ReasonIssuerNotNamed,
			"The discovery document no longer promises that answers name the issuer, without which none counts at the shared callback;" +
				" set callback: PerProvider, and register the callback URL that the status shows then"}
	}
	return tokenEndpoint{d.Token, d.SecretInBody(), named},
		Finding{metav1.ConditionTrue, v1alpha1.ReasonDiscovered, "The discovery document and the keys can be used"}
}

// namedIssuer is the issuer that an answer can be compared with. That of many
// tenants is known too late, by the ID token.
func namedIssuer(p realmconfig.Provider, d discovery.Document) string {
	if !d.NamesItself || discovery.ManyTenants(p, d.Issuer) {
		return ""
	}
	return d.Issuer
}

func undiscovered(what string, err error) Finding {
	var answered statusError
	switch {
	case forbidden(err):
		return Finding{metav1.ConditionFalse, v1alpha1.ReasonForbiddenAddress, what + forbiddenMessage}
	case errors.As(err, &answered) && !answered.temporary():
		return Finding{metav1.ConditionFalse, v1alpha1.ReasonInvalidDiscovery,
			fmt.Sprintf("%s is not there: %v; correct issuer, or the provider", what, answered)}
	}
	return Finding{metav1.ConditionFalse, v1alpha1.ReasonUnreachable,
		fmt.Sprintf("%s cannot be read: %s; it is asked again soon", what, explain(err))}
}

// get reads a document.
func (p probe) get(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	status, body, err := p.do(r)
	if err == nil && status != http.StatusOK {
		err = statusError(status)
	}
	return body, err
}

// do returns the status and the body of an answer.
func (p probe) do(r *http.Request) (int, []byte, error) {
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "realmkeeper")
	response, err := p.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
