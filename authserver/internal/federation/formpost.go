// SPDX-License-Identifier: Apache-2.0

package federation

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// A provider may answer by a form that a page of its own sends (OAuth 2.0 Form Post
// Response Mode), as Apple does. A browser adds no Lax cookie to what another site
// posts, so the answer cannot be taken there: it is held, and the browser is sent on
// to the callback by a GET, to which it adds its cookie.
//
// What is held is sealed into the address and stored nowhere, so strangers who post
// cost a cipher and no row. It is good for a minute, for its state and its callback;
// and it is used up with the state, which only the browser that began has the cookie
// of. So it is worth no more than the same answer in a query.

// heldLifetime is enough for a browser to follow a redirect.
const heldLifetime = time.Minute

// maxHeldName bounds a name in an address, in bytes. It is more than is ever kept.
const maxHeldName = 256

// sealedForAnswer is the purpose under which answers are sealed.
const sealedForAnswer = "oauth answer"

// heldAnswer is an AuthorizationAnswer on its way from a POST to a GET.
type heldAnswer struct {
	Answer    AuthorizationAnswer `json:"answer"`
	ExpiresAt time.Time           `json:"expiresAt"`
}

// HoldAnswer says where to send a browser on to that a form has brought to a callback.
// It refuses with MethodNotAllowed where no provider answers by forms.
func (s *Service) HoldAnswer(c Callback) (string, error) {
	settings := s.Settings()
	if !answersByForms(settings, c.Provider) {
		return "", auth.Refuse(auth.MethodNotAllowed)
	}
	document, err := json.Marshal(heldAnswer{c.Answer, s.Now().Add(heldLifetime)})
	if err != nil {
		return "", fmt.Errorf("encode answer: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealedForAnswer, ownerOfAnswer(c), document)
	query := url.Values{"state": {string(c.State)}, "held": {base64.RawURLEncoding.EncodeToString(sealed)}}
	return callbackURL(settings, c.Provider) + "?" + query.Encode(), err
}

// releaseAnswer puts back what HoldAnswer has held; it refuses with StateInvalid what
// was held for another state, at another callback or too long ago.
func (s *Service) releaseAnswer(c Callback) (Callback, error) {
	if c.Held == "" {
		return c, nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Held)
	if err != nil {
		return c, auth.Refuse(auth.StateInvalid)
	}
	document, err := s.Sealer.Open(sealedForAnswer, ownerOfAnswer(c), sealed)
	if err != nil {
		return c, auth.Refuse(auth.StateInvalid)
	}
	held := heldAnswer{}
	if err := json.Unmarshal(document, &held); err != nil {
		return c, fmt.Errorf("decode answer: %w", err)
	}
	if !s.Now().Before(held.ExpiresAt) {
		return c, auth.Refuse(auth.StateInvalid)
	}
	c.Answer = held.Answer
	return c, nil
}

func ownerOfAnswer(c Callback) string {
	state := auth.HashOf(c.State)
	return hex.EncodeToString(state[:]) + " " + c.Provider
}

// answersByForms reports whether a provider at a callback does.
func answersByForms(settings realmconfig.Config, callback string) bool {
	return slices.ContainsFunc(settings.Providers, func(p realmconfig.Provider) bool {
		at := ""
		if p.OwnCallback {
			at = p.Name
		}
		return p.ResponseMode == realmconfig.FormPost && at == callback
	})
}

// NameInForm is what a form calls the user, in Apple's way: {"name": {"firstName":
// "Ann", "lastName": "Lee"}}, at their first sign-in alone. It is empty for any other
// text. The browser brings it, so it may be anything that the user likes to be called.
func NameInForm(user string) string {
	form := struct {
		Name struct{ FirstName, LastName string }
	}{}
	if json.Unmarshal([]byte(user), &form) != nil {
		return ""
	}
	name := strings.TrimSpace(form.Name.FirstName + " " + form.Name.LastName)
	return name[:min(len(name), maxHeldName)]
}
