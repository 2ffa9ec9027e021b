// SPDX-License-Identifier: Apache-2.0

// Package preflight finds out whether an identity provider will do, before any
// user is sent there: whether it says where it answers and with which keys it
// signs, and whether its token endpoint takes the client's secret.
//
// The secret is shown as at every sign-in, with an authorization code that nobody
// has. A server authenticates the client before it looks at the code (RFC 6749,
// section 4.1.3), so that its refusal tells which of the two it minds.
package preflight

import (
	"context"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// Timeout bounds one request, and MaxAnswer its answer in bytes.
	Timeout   = 5 * time.Second
	MaxAnswer = 512 << 10
	// QuestionTimeout bounds all requests of one question together.
	QuestionTimeout = 10 * time.Second
)

// Question is about one provider. All fields but Private are required.
type Question struct {
	Provider realmconfig.Provider
	Secret   realmconfig.Credential
	// CallbackURL is what is registered at the provider, or shall be.
	CallbackURL string

	// Private says that the provider may be in a private network. What is no identity
	// provider there is not told of.
	Private bool
}

// Answer is what was found out. Both findings hold no secret, and nothing that
// the provider said but its error code.
type Answer struct {
	Discovered, CredentialsAccepted Finding
	// NamedIssuer is the issuer that promises to name itself in every answer (RFC
	// 9207); empty when nobody does, or nothing was discovered.
	NamedIssuer string
}

// Finding is a condition but for its type and its times.
type Finding struct {
	Status  metav1.ConditionStatus
	Reason  string
	Message string
}

// Ask asks a provider. It returns an error only when ctx ends.
type Ask func(ctx context.Context, q Question) (Answer, error)

// OverHTTP asks with clients that follow no redirects and keep to Timeout and
// MaxAnswer; with allowPrivate they connect to private addresses, too. A client is
// used for one question.
func OverHTTP(client func(allowPrivate bool) *http.Client) Ask {
	return func(ctx context.Context, q Question) (Answer, error) {
		p := probe{q, client(q.Provider.AllowPrivateNetworks)}
		defer p.client.CloseIdleConnections()
		bounded, cancel := context.WithTimeout(ctx, QuestionTimeout)
		defer cancel()
		answer := p.ask(bounded)
		if q.Private {
			answer = discreet(bounded, answer)
		}
		return answer, ctx.Err()
	}
}

// probe is one question on its way.
type probe struct {
	Question
	client *http.Client
}

func (p probe) ask(ctx context.Context) Answer {
	where, discovered := p.discover(ctx)
	if discovered.Status != metav1.ConditionTrue {
		return Answer{Discovered: discovered, CredentialsAccepted: Finding{metav1.ConditionUnknown, v1alpha1.ReasonBlocked,
			"Not asked, because of what Discovered says"}}
	}
	return Answer{discovered, p.authenticate(ctx, where), where.namedIssuer}
}
