// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// deviceClient is the client whose device waits. It refuses with CodeInvalid where that is no
// more, is another one now, or may not have devices let in any more.
func (s *Service) deviceClient(ctx context.Context, device grant.DeviceRequest) (realmconfig.Client, error) {
	client, known, err := s.Clients.Find(ctx, device.ClientID)
	if err != nil {
		return realmconfig.Client{}, err
	}
	if !known || !client.Grants(realmconfig.DeviceCodeGrant) || device.CreatedAt.Before(s.Grants.TermsOf(client).Since) {
		return realmconfig.Client{}, auth.Refuse(auth.CodeInvalid)
	}
	return client, nil
}

// awaited is a device, and its client, about which somebody is asked.
type awaited struct {
	device  grant.DeviceRequest
	client  realmconfig.Client
	letters auth.Secret
}

// awaitedBy opens a question. It refuses with CodeInvalid one that was not asked of this
// user in this session, or of another client than there is now, or that is answered; with
// ClientAccessDenied where the client is not for the user, whoever has begun.
func (s *Service) awaitedBy(ctx context.Context, who auth.Subject, question string) (awaited, error) {
	d, ok := s.Journeys.OpenDecision(question, deviceQuestion, who)
	if !ok {
		return awaited{}, auth.Refuse(auth.CodeInvalid)
	}
	a := awaited{letters: auth.Secret(d.ID)}
	var err error
	if a.device, err = s.Grants.WaitingDevice(ctx, a.letters); err != nil {
		return a, err
	}
	if a.client, err = s.deviceClient(ctx, a.device); err != nil {
		return a, err
	}
	// Of a code with these letters that another device was given since, nobody was asked.
	if !(agreement{}).covers(d, a.client, s.Now()) || a.device.CreatedAt.After(d.AskedAt.Add(request.ClocksDiffer)) {
		return a, auth.Refuse(auth.CodeInvalid)
	}
	return a, s.admit(ctx, target{client: a.client}, who.UserID)
}

// scopes are what the client would be given.
func (a awaited) scopes() []string {
	return grantedScopes(a.client, append([]string{}, a.device.Scopes...))
}

// askDevice asks somebody whether a device may be let in: each time, whatever is remembered
// of them and whatever the client's declaration says of consent, since whoever has begun this
// may be anywhere (RFC 8628, section 5.4).
func (s *Service) askDevice(w http.ResponseWriter, r *http.Request) {
	question, _ := once(r.URL.Query(), "question")
	who, ok := s.deviceVisitor(w, r, "")
	if !ok {
		return
	}
	a, err := s.awaitedBy(r.Context(), who, question)
	if err != nil {
		s.deviceRefused(w, r, a.letters, err)
		return
	}
	if !s.showsEnough(w, r, a, who) {
		return
	}
	journey, err := s.deviceJourney(a.letters)
	if err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	would := agreement{scopes: s.withRead(a.scopes(), a.client), resources: s.resourcesAmong(a.device.Audience)}
	s.Pages.AskToAllowDevice(w, r, who, request.DeviceQuestion{
		Application: a.client.DisplayName, ClientID: a.client.ID, Code: grant.FormatUserCode(a.letters), Scopes: would.agreed(),
		From: a.device.From, AskedAt: a.device.CreatedAt, Journey: journey, Question: question,
	})
}

// answerDevice takes the answer.
func (s *Service) answerDevice(w http.ResponseWriter, r *http.Request) {
	values, err := readDeviceForm(w, r)
	if err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	question, _ := once(values, "question")
	answer, _ := once(values, "answer")
	who, ok := s.deviceVisitor(w, r, "")
	if !ok {
		return
	}
	a, err := s.awaitedBy(r.Context(), who, question)
	if err == nil && answer == request.Allow && !s.showsEnough(w, r, a, who) {
		return
	}
	if err == nil {
		err = s.decideDevice(r, a, who, answer == request.Allow)
	}
	if err != nil {
		s.deviceRefused(w, r, a.letters, err)
		return
	}
	s.Pages.DeviceAnswered(w, r, answer == request.Allow)
}

// decideDevice refuses with CodeInvalid where somebody else has answered first, or the
// session has just ended.
func (s *Service) decideDevice(r *http.Request, a awaited, who auth.Subject, allowed bool) error {
	from := request.Client(r, s.Settings().Network)
	first, outcome, err := false, deviceDenied, error(nil)
	if allowed {
		outcome = deviceAllowed
		first, err = s.Grants.AllowDevice(r.Context(), a.device, who, s.Grants.TermsOf(a.client), from)
	} else {
		first, err = s.Grants.DenyDevice(r.Context(), a.device, who, from)
	}
	switch {
	case err != nil:
		return err
	case !first:
		return auth.Refuse(auth.CodeInvalid)
	}
	s.Observer.Device(outcome)
	return nil
}
