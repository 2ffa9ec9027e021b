// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// devicePageRoutes are where somebody lets a device in (RFC 8628, section 3.3). They sign in
// first, so that whoever guesses codes does so with an account.
func (s *Service) devicePageRoutes() []request.Route {
	return []request.Route{
		{Pattern: "GET " + request.DevicePath, Rate: request.RateRead, Handler: http.HandlerFunc(s.showDevice)},
		{Pattern: "POST " + request.DevicePath, Rate: request.RateCode, Handler: http.HandlerFunc(s.findDevice)},
		{Pattern: "GET " + request.DeviceAnswerPath, Rate: request.RateRead, Handler: http.HandlerFunc(s.askDevice)},
		{Pattern: "POST " + request.DeviceAnswerPath, Rate: request.RateRead, Handler: http.HandlerFunc(s.answerDevice)},
	}
}

// showDevice asks for a code. One that stands in the address is filled in, and nothing more:
// whoever has sent somebody the address has chosen it, so that they must look at their device.
func (s *Service) showDevice(w http.ResponseWriter, r *http.Request) {
	typed, _ := once(r.URL.Query(), userCodeParameter)
	letters, _ := grant.ParseUserCode(auth.Secret(typed))
	if _, ok := s.deviceVisitor(w, r, letters); !ok {
		return
	}
	s.Pages.AskForUserCode(w, r, request.UserCodeForm{Code: shownCode(letters)})
}

// shownCode is what stands in the field; nothing that is no code does.
func shownCode(letters auth.Secret) string {
	if letters == "" {
		return ""
	}
	return grant.FormatUserCode(letters)
}

// deviceVisitor is who is signed in. Anybody else has been answered: they are sent to sign
// in, and come back with the code.
func (s *Service) deviceVisitor(w http.ResponseWriter, r *http.Request, letters auth.Secret) (auth.Subject, bool) {
	who, err := s.visitor(w, r)
	if err == nil && who != nil {
		return *who, true
	}
	journey := ""
	if err == nil {
		journey, err = s.deviceJourney(letters)
	}
	if err != nil {
		s.Pages.Fail(w, r, err)
	} else {
		s.Pages.AskToSignIn(w, r, journey)
	}
	return auth.Subject{}, false
}

// deviceJourney is the way back to the page, sealed.
func (s *Service) deviceJourney(letters auth.Secret) (string, error) {
	return s.Journeys.Seal(deviceWay(letters, s.Now()))
}

func deviceWay(letters auth.Secret, now time.Time) request.Journey {
	return request.Journey{Device: true, UserCode: string(letters), Began: now}
}

// maxDeviceForm bounds the forms, in bytes: a code, or a sealed question.
const maxDeviceForm = 8 << 10

// readDeviceForm reads a form of a page of ours. It refuses with PermissionDenied what
// another page has sent.
func readDeviceForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if err := request.CheckOrigin(r); err != nil {
		return nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxDeviceForm)
	if err := r.ParseForm(); err != nil {
		return nil, &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	return r.PostForm, nil
}

// findDevice takes the code that somebody has typed, and goes on to the question.
func (s *Service) findDevice(w http.ResponseWriter, r *http.Request) {
	values, err := readDeviceForm(w, r)
	if err != nil {
		s.Pages.Fail(w, r, err)
		return
	}
	typed, _ := once(values, userCodeParameter)
	letters, plausible := grant.ParseUserCode(auth.Secret(typed))
	who, ok := s.deviceVisitor(w, r, letters)
	switch {
	case !ok:
		return
	case !plausible:
		s.Pages.AskForUserCode(w, r, request.UserCodeForm{Refused: auth.Refuse(auth.CodeInvalid)})
		return
	}
	device, err := s.Grants.FindDevice(r.Context(), letters, who, request.Client(r, s.Settings().Network))
	if err == nil {
		err = s.goOnToDevice(r.Context(), w, device, letters, who)
	}
	if err != nil {
		s.deviceRefused(w, r, letters, err)
	}
}

// goOnToDevice sends somebody to the question about a device, at an address that can be
// loaded again, by them and in this session.
func (s *Service) goOnToDevice(ctx context.Context, w http.ResponseWriter, device grant.DeviceRequest, letters auth.Secret, who auth.Subject) error {
	client, err := s.deviceClient(ctx, device)
	if err != nil {
		return err
	}
	question, err := s.Journeys.SealDecision(request.Decision{
		ID: string(letters), ClientSince: client.Since, Application: client.DisplayName, AskedAt: s.Now(),
	}, deviceQuestion, who)
	if err != nil {
		return err
	}
	redirect(w, request.DeviceAnswerPath+"?"+url.Values{"question": {question}}.Encode())
	return nil
}

// deviceQuestion takes the place of a sealed journey in the Decision that is asked about a
// device, which is so none about anything else.
const deviceQuestion = "device"

// deviceRefused asks for a code once more where none waits, or it is not to be tried.
func (s *Service) deviceRefused(w http.ResponseWriter, r *http.Request, letters auth.Secret, err error) {
	switch {
	case errors.Is(err, auth.Refuse(auth.CodeInvalid)):
		s.Observer.Device(deviceWrongCode)
	case errors.Is(err, auth.Refuse(auth.AccountLocked)), errors.Is(err, auth.Refuse(auth.TooManyAttempts)), errors.Is(err, auth.Refuse(auth.RateLimited)):
	default:
		s.Pages.Fail(w, r, err)
		return
	}
	s.Pages.AskForUserCode(w, r, request.UserCodeForm{Code: shownCode(letters), Refused: err})
}
