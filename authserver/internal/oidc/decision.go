// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"io"
	"net/http"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// maxDecisionForm bounds the form of an answer, in bytes: a journey and a decision.
const maxDecisionForm = 32 << 10

// decided is what somebody has answered, as the form says it: nothing of it is believed yet.
type decided struct {
	journey, decision string
	allowed           bool
}

// decide takes the answer to what a page has asked, and goes on with the request that it
// was asked for.
func (s *Service) decide(w http.ResponseWriter, r *http.Request) {
	if err := request.CheckOrigin(r); err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	said, err := readDecision(http.MaxBytesReader(w, r.Body, maxDecisionForm))
	if err != nil {
		s.Pages.Fail(w, r, &auth.Error{Code: auth.ClientRequestInvalid, Cause: err})
		return
	}
	s.goOn(w, r, said.journey, &said)
}

// readDecision reads the form. What is not there, or stands twice, is empty, and agrees to
// nothing.
func readDecision(body io.Reader) (decided, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return decided{}, err
	}
	values, err := url.ParseQuery(string(text))
	if err != nil {
		return decided{}, err
	}
	journey, _ := once(values, "journey")
	decision, _ := once(values, "decision")
	answer, _ := once(values, "answer")
	return decided{journey, decision, answer == request.Allow}, nil
}

// mustAgree means that somebody must be asked.
type mustAgree struct {
	who auth.Subject
	agreement
}

func (*mustAgree) Error() string { return "agreement required" }

// agreement finds out whether somebody has agreed to what a request needs: by what they
// have just answered, or by what is remembered of them. The scopes are those of a consent,
// which must be in force still when the code is exchanged; nil where none is needed.
//
// The error is a *mustAgree where they have to be asked, and AccessDenied where they have
// refused.
func (s *Service) agreement(r *http.Request, to target, needs agreement, who auth.Subject, said *decided) ([]string, error) {
	if !needs.needed() {
		return nil, nil
	}
	consent := grant.Consent{UserID: who.UserID, ClientID: to.client.ID, ClientSince: to.client.Since, Scopes: needs.agreed()}
	agreed, err := s.answered(r, to, needs, consent, who, said)
	if err == nil && !agreed && !needs.always {
		agreed, err = s.Grants.Consented(r.Context(), consent)
	}
	switch {
	case err != nil:
		return nil, err
	case !agreed && needs.silent:
		return nil, needs.unasked()
	case !agreed:
		return nil, &mustAgree{who, needs}
	case needs.consent:
		return consent.Scopes, nil
	default:
		return nil, nil
	}
}

// answered reports whether somebody has said yes to a question of this session, on this
// very request. Each question is answered once, however often the form is sent; who comes
// later is asked again.
func (s *Service) answered(r *http.Request, to target, needs agreement, consent grant.Consent, who auth.Subject, said *decided) (bool, error) {
	if said == nil {
		return false, nil
	}
	d, ok := s.Journeys.OpenDecision(said.decision, said.journey, who)
	switch {
	case !ok:
		return false, nil
	case !said.allowed:
		return false, refuse(AccessDenied, "The user has not agreed.")
	case !needs.covers(d, to.client, s.Now()):
		return false, nil
	}
	return s.Grants.Agree(r.Context(), grant.Answer{
		Consent: consent, Question: d.ID, AnswerBy: d.AskedAt.Add(journeyLifetime + request.ClocksDiffer), Remembered: needs.consent,
	}, request.Client(r, s.Settings().Network))
}

// askToAgree asks somebody on a page. After a form, it is one that can be loaded again.
func (s *Service) askToAgree(w http.ResponseWriter, r *http.Request, to target, values url.Values, far progress, ask mustAgree) {
	journey, err := s.sealed(s.journey(to, values, far))
	if err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	if r.Method != http.MethodGet {
		redirect(w, request.ResumeAddress(journey))
		return
	}
	id, err := s.NewID()
	if err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	decision, err := s.Journeys.SealDecision(request.Decision{
		ID: id, Consent: ask.consent, Scopes: ask.scopes, Resources: ask.resources,
		ClientSince: to.client.Since, Application: to.client.DisplayName, AskedAt: s.Now(),
	}, journey, ask.who)
	if err != nil {
		s.Pages.Fail(w, r, &auth.Error{Code: auth.ClientRequestInvalid, Cause: err})
		return
	}
	s.Pages.AskToAgree(w, r, ask.who, request.Question{
		Application: to.client.DisplayName, Place: to.place(), Native: ask.native, Consent: ask.consent,
		Host: documentHost(to.client), Unverified: realmconfig.IsRegisteredID(to.client.ID),
		Scopes: ask.agreed(), Journey: journey, Decision: decision,
	})
}
