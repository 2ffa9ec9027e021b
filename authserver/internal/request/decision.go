// SPDX-License-Identifier: Apache-2.0

package request

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// DecisionPath takes the answer to a Question, below the issuer.
	DecisionPath = "/oauth2/decision"
	// Allow is the answer of somebody who agrees.
	Allow = "allow"
	// maxDecision bounds what Journeys.SealDecision makes, in bytes: a client has fifty
	// scopes of 128 bytes at most.
	maxDecision = 16 << 10
)

// Question is what somebody is asked on whose journey an application is to be told of them.
type Question struct {
	// Application is what people call it.
	Application string
	// Place is where they go on to with the answer: a host, or the scheme of an app.
	Place string
	// Host is where the application has published what it says of itself, and has its id from;
	// empty for others. Unverified is set when it has registered itself: then nobody vouches for
	// its name, nor for anything else.
	Host       string
	Unverified bool
	// Native is set when the application cannot show who it is (RFC 8252, section 8.6).
	Native bool
	// Consent is set when their answer is remembered.
	Consent bool
	// Scopes are what the application would learn and may do, as a consent has them.
	Scopes []string
	// Journey is the one that they are on, and Decision what a form sends beside it with
	// the answer, both sealed.
	Journey, Decision string
}

// Decision is what a Question has said. Whoever answers it has decided on that and on
// nothing else, on one journey, as one user, in one session of theirs.
type Decision struct {
	// ID tells questions apart, each of which is answered once.
	ID string `json:"id"`
	// Consent is set when the answer is remembered, as the question has said.
	Consent bool `json:"consent"`
	// Scopes are in order, each once, and Resources those at which they count.
	Scopes    []string `json:"scopes"`
	Resources []string `json:"resources,omitempty"`
	// ClientSince is when the application's client came to be, and Application its name.
	ClientSince time.Time `json:"clientSince"`
	Application string    `json:"application"`
	AskedAt     time.Time `json:"askedAt"`
}

// sealedDecision is the purpose under which decisions are sealed.
const sealedDecision = "decision"

// SealDecision is a decision as a form may have it: of whoever is asked, on a journey, as
// Seal has made it.
func (j Journeys) SealDecision(d Decision, journey string, asked auth.Subject) (string, error) {
	document, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode decision: %w", err)
	}
	sealed, err := j.Sealer.Seal(sealedDecision, deciding(journey, asked), document)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(sealed)
	if len(text) > maxDecision {
		return "", fmt.Errorf("decision has %d bytes", len(text))
	}
	return text, nil
}

// OpenDecision reads what SealDecision has made for the same journey, user and session;
// false for anything else.
func (j Journeys) OpenDecision(text, journey string, asked auth.Subject) (Decision, bool) {
	if text == "" || len(text) > maxDecision {
		return Decision{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Decision{}, false
	}
	document, err := j.Sealer.Open(sealedDecision, deciding(journey, asked), sealed)
	if err != nil {
		return Decision{}, false
	}
	d := Decision{}
	return d, json.Unmarshal(document, &d) == nil
}

// deciding is who owns a decision. Ids and sealed journeys have no spaces.
func deciding(journey string, asked auth.Subject) string {
	return asked.UserID + " " + asked.SessionID + " " + journey
}
