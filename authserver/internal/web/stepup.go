// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

const stepUpPath = "/signin/step-up"

func (w *Web) stepUpPages() []page {
	return []page{
		{"GET " + stepUpPath, request.RateRead, w.stepUp},
		{"POST " + stepUpPath, request.RateRead, w.declineStepUp},
	}
}

// stepUpPage says what is missing to somebody who has no second factor, and leads to setting
// one up and on.
type stepUpPage struct {
	form
	User auth.User
	// Keys and Texts report what else than an app the realm takes.
	Keys, Texts bool
}

// stepUpAddress is where somebody shows more than they have, on a journey that is sealed.
func stepUpAddress(journey string) string {
	return stepUpPath + "?" + url.Values{"journey": {journey}}.Encode()
}

// savedFactor is what has been saved when somebody comes from the account page, where they have
// set up a factor. Whoever is stopped at a sign-in sets one up elsewhere: see setUpPages.
const savedFactor = "two-factor"

// stepUpWithFactor is where they show the factor that they have set up.
func stepUpWithFactor(journey string) string { return stepUpAddress(journey) + "&saved=" + savedFactor }

// wantsMore reports whether somebody is on a journey that wants more than a sign-in.
func (req *pageRequest) wantsMore() bool { return req.journey.Demand() != auth.Demand{} }

// stepUp asks somebody for what their session lacks for the journey that they are on: the second
// factor alone, where the first one is fresh enough, or a new sign-in, or to set up a second
// factor. It waits for somebody each time that something lacks: nobody is sent round.
func (w *Web) stepUp(req *pageRequest) (*response, error) {
	if !req.wantsMore() {
		return seeOther("/account")
	}
	who, err := w.visitor(req)
	if e, ok := refusal(err); ok && (e.Code == auth.RefreshTokenInvalid || e.Code == auth.TokenInvalid) {
		return w.signInOn(req)
	}
	if err != nil {
		return nil, err
	}
	switch demand := req.journey.Demand(); {
	case demand.Check(who.ACR(), who.AuthTime, w.Now()) == nil:
		return seeOther(req.wayOn())
	case !demand.Recent(who.AuthTime, w.Now()):
		return w.signInOn(req)
	}
	next, user, err := w.SignIn.NextStep(req.r.Context(), who)
	switch {
	case err != nil:
		return nil, err
	case next == signin.SetUpFactor:
		settings := w.Settings()
		return show("step-up", stepUpPage{
			form: form{returnTarget: req.returnTarget()}, User: user, Keys: settings.Passkeys != nil, Texts: settings.SMS != nil,
		})
	case next == signin.AskBothFactors:
		return w.signInOn(req)
	}
	c, err := w.SignIn.StepUp(req.r.Context(), user, who, req.client)
	if err != nil {
		return nil, err
	}
	p := req.codePageOf(c)
	p.SetUp = req.saved([]string{savedFactor}) != ""
	return show("code", p)
}

// signInOn sends somebody to sign in anew, on the journey that they are on.
func (w *Web) signInOn(req *pageRequest) (*response, error) {
	return seeOther(signInAddress(req.journey, req.sealedJourney))
}

// wayOn is where a journey goes on.
func (req *pageRequest) wayOn() string {
	if req.journey.Page != "" {
		return req.journey.Page
	}
	return request.ResumeAddress(req.sealedJourney)
}

// declineStepUp goes on without what was asked for, of which the application is told.
func (w *Web) declineStepUp(req *pageRequest) (*response, error) {
	if !req.wantsMore() || req.journey.Page != "" {
		return seeOther("/account")
	}
	journey := req.journey
	journey.Declined = true
	if err := w.sealJourney(req, journey); err != nil {
		return nil, err
	}
	return seeOther(request.ResumeAddress(req.sealedJourney))
}

// insufficient is a refusal for want of a better, or a more recent, sign-in.
func insufficient(err error) (auth.Demand, bool) {
	e, ok := refusal(err)
	if !ok || e.Demand == nil {
		return auth.Demand{}, false
	}
	return *e.Demand, true
}

// leadToStepUp sends somebody from a page of the realm's own to show more, and back. What they
// have typed there is lost.
func (w *Web) leadToStepUp(req *pageRequest, demand auth.Demand) (*response, error) {
	err := w.sealJourney(req, request.Journey{
		Page: req.pageToComeBackTo(), ACR: demand.ACR, MaxAge: int64(demand.MaxAge / time.Second), Began: w.Now(),
	})
	if err != nil { // the address is too long
		return nil, &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	return seeOther(stepUpAddress(req.sealedJourney))
}

// pageToComeBackTo is the page's own address, or that of the page which has the form.
func (req *pageRequest) pageToComeBackTo() string {
	switch {
	case req.r.Method == http.MethodGet:
		return req.r.URL.RequestURI()
	case strings.HasPrefix(req.r.URL.Path, "/account/"):
		return "/account"
	}
	parts := strings.Split(strings.TrimPrefix(req.r.URL.Path, "/"), "/")
	kept := min(len(parts), 2)
	if len(parts) > 2 && uuid.Validate(parts[2]) == nil {
		kept = 3
	}
	return "/" + strings.Join(parts[:kept], "/")
}

// stepUpTarget is the journey that has led somebody to set up a factor; empty for others.
func (req *pageRequest) stepUpTarget() returnTarget {
	if !req.wantsMore() {
		return returnTarget{}
	}
	return req.returnTarget()
}

// factorSaved goes on when somebody has set up a factor: on the journey that has led them there, or
// to the account page.
func (req *pageRequest) factorSaved(section string) (*response, error) {
	if req.wantsMore() {
		return seeOther(stepUpWithFactor(req.sealedJourney))
	}
	return seeOther("/account?saved=" + section)
}
