// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// journeyLifetime is how long somebody may be away.
const journeyLifetime = time.Hour

// journeyCookies take the journey along that somebody leaves for a provider or for their
// mail, or say where on the shelf it is. The last one is good for whoever comes back from
// a mail.
func journeyCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-journey", Most: 8, MostBytes: 3 << 10, Lifetime: journeyLifetime}
}

// shelvedPrefix tells a name on the shelf from a journey.
const shelvedPrefix = "rkj_"

// shelvedName is a journey's hash: whoever can write to the shelf cannot put another one in
// its place, and whoever does not know the journey finds nothing there.
func shelvedName(sealed string) string {
	sum := sha256.Sum256([]byte(sealed))
	return shelvedPrefix + base64.RawURLEncoding.EncodeToString(sum[:])
}

// keepJourney lets somebody leave the realm's pages for a while, and names the flow by
// which they come back; empty for nobody's.
func (w *Web) keepJourney(req *pageRequest) (flow string) {
	if req.sealedJourney == "" {
		return ""
	}
	flow, value := request.FlowOf(auth.Secret(req.sealedJourney)), req.sealedJourney
	if name := shelvedName(value); len(value) > journeyCookies().MostBytes &&
		w.Shelf.KeepJourney(req.r.Context(), name, []byte(value), journeyLifetime) {
		value = name
	}
	journeyCookies().Keep(req.w, req.r, flow, value)
	return flow
}

// kept is the sealed journey of a cookie; empty for one that the shelf has forgotten.
func (w *Web) kept(req *pageRequest, value auth.Secret) string {
	if !strings.HasPrefix(string(value), shelvedPrefix) {
		return string(value)
	}
	sealed, found := w.Shelf.Journey(req.r.Context(), string(value))
	if !found || subtle.ConstantTimeCompare([]byte(shelvedName(string(sealed))), []byte(value)) != 1 {
		return ""
	}
	return string(sealed)
}

// endJourney forgets the journey of somebody who is where they wanted to go.
func (w *Web) endJourney(req *pageRequest) {
	journeyCookies().Take(req.w, req.r, request.FlowOf(auth.Secret(req.sealedJourney)))
}

// resumeJourney takes up the journey of somebody whom a provider has sent back.
func (w *Web) resumeJourney(req *pageRequest) {
	if flow := req.r.URL.Query().Get("resume"); flow != "" {
		w.takeJourney(req, w.kept(req, journeyCookies().Of(req.r, flow)))
	}
}

// afterMail says that something is done that somebody has come from their mail for, and
// goes on to the application that has sent them to sign in, in this browser, or to next.
func (w *Web) afterMail(req *pageRequest, about, next string) (*response, error) {
	last := w.kept(req, journeyCookies().Newest(req.r))
	if last == "" {
		return show("done", done{About: about, Next: next, Elsewhere: true})
	}
	journeyCookies().Take(req.w, req.r, request.FlowOf(auth.Secret(last))) // the next mail has nothing to do with it
	return show("done", done{About: about, Next: request.ResumeAddress(last)})
}
