// SPDX-License-Identifier: Apache-2.0

package request

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// MaxJourney bounds what Journeys.Seal makes, in bytes.
const MaxJourney = 8 << 10

// Journey is the way of somebody whom an application has sent to sign in, and who comes
// back to what it asked for by whatever page they take.
type Journey struct {
	// Query is the application's request, as the address of the authorization endpoint
	// has it.
	Query string `json:"query"`
	// Pushed is set for a request that the application has pushed (RFC 9126), which its user
	// has not been able to change.
	Pushed bool `json:"pushed,omitempty"`
	// FormAction is a source expression (Content Security Policy Level 3, section 2.3.1)
	// for where the answer goes: a browser asks of a form where its redirects end.
	FormAction string `json:"formAction"`
	// LoginHint is who the application believes that it is, Locales what it would speak
	// to them (BCP 47, with spaces between); either may be empty.
	LoginHint string `json:"loginHint,omitempty"`
	Locales   string `json:"locales,omitempty"`
	// Provider is by whom the application would have them sign in; empty for whichever way they
	// choose.
	Provider string `json:"provider,omitempty"`
	// Reauthenticate is set when the application wants them to show once more who they are.
	Reauthenticate bool `json:"reauthenticate,omitempty"`
	// ACR is the class of sign-in that they must reach, and MaxAge how many seconds ago they may
	// have shown who they are; empty and zero for any, and whenever.
	ACR    string `json:"acr,omitempty"`
	MaxAge int64  `json:"maxAge,omitempty"`
	// Declined is set when they would rather not.
	Declined bool `json:"declined,omitempty"`
	// Page is one of the realm's own that they come back to, below the issuer, with its query.
	// Then there is no Query.
	Page string `json:"page,omitempty"`
	// Leave is where somebody goes who has been asked whether to sign out, and has; empty
	// for a page of ours. Then there is no Query.
	Leave string `json:"leave,omitempty"`
	// ReturnTo is where somebody goes with a code of the older hand-over, and Challenge of
	// its PKCE verifier (RFC 7636, section 4.2), which may be empty. Then there is no Query.
	ReturnTo  string `json:"returnTo,omitempty"`
	Challenge string `json:"challenge,omitempty"`
	// Device is set for somebody who lets a device in, and UserCode what it shows, as far as
	// they have said it (RFC 8628, section 3.3). Then there is no Query.
	Device   bool   `json:"device,omitempty"`
	UserCode string `json:"userCode,omitempty"`
	// Began is when the application has asked.
	Began time.Time `json:"began"`
	// SignedIn is the session in which they have shown since who they are; empty until then.
	SignedIn string `json:"signedIn,omitempty"`
}

// Demand is what they must show before they go on.
func (j Journey) Demand() auth.Demand {
	return auth.Demand{ACR: j.ACR, MaxAge: time.Duration(j.MaxAge) * time.Second}
}

// ClocksDiffer is by how much the clock of the pod that has signed somebody in may be behind
// that of the pod that has sent them to sign in.
const ClocksDiffer = 5 * time.Second

// Before reports whether the application had asked by a time, as far as clocks can tell.
func (j Journey) Before(at time.Time) bool { return !at.Before(j.Began.Add(-ClocksDiffer)) }

// ResumePath is where somebody comes back to from a journey, below the issuer.
const ResumePath = "/oauth2/resume"

// ResumeAddress is that of a journey, as Journeys.Seal has made it.
func ResumeAddress(sealed string) string {
	return ResumePath + "?" + url.Values{"journey": {sealed}}.Encode()
}

// Journeys travel in addresses and forms, sealed: whoever is under way says nothing of
// them that we did not say.
type Journeys struct{ Sealer auth.Sealer }

// sealedJourney is the purpose under which journeys are sealed.
const sealedJourney = "journey"

// Seal is a journey as an address may have it. The error says that it is too long.
func (j Journeys) Seal(journey Journey) (string, error) {
	document := &bytes.Buffer{}
	encoder := json.NewEncoder(document)
	encoder.SetEscapeHTML(false) // an & would have six bytes
	if err := encoder.Encode(journey); err != nil {
		return "", fmt.Errorf("encode journey: %w", err)
	}
	sealed, err := j.Sealer.Seal(sealedJourney, "", document.Bytes())
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(sealed)
	if len(text) > MaxJourney {
		return "", fmt.Errorf("journey has %d bytes", len(text))
	}
	return text, nil
}

// Open reads what Seal has made; false for anything else.
func (j Journeys) Open(text string) (Journey, bool) {
	if text == "" || len(text) > MaxJourney {
		return Journey{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Journey{}, false
	}
	document, err := j.Sealer.Open(sealedJourney, "", sealed)
	if err != nil {
		return Journey{}, false
	}
	journey := Journey{}
	return journey, json.Unmarshal(document, &journey) == nil && (journey.Page == "" || isOwnPage(journey.Page))
}

// isOwnPage reports whether an address is a path of the realm's host, as every browser reads it.
func isOwnPage(address string) bool {
	return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.ContainsFunc(address, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || c == '\\'
	})
}
