// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// userCodePage asks for the code that a device shows.
type userCodePage struct {
	form
	Code string
}

// Action is where the code goes.
func (userCodePage) Action() string { return request.DevicePath }

// What a page says of codes of devices where the words of a code are about others.
const (
	unknownDeviceCode auth.Code = "device_code"
	tooManyDeviceCode auth.Code = "device_codes"
)

// AskForUserCode implements oidc.Pages.
func (w *Web) AskForUserCode(rw http.ResponseWriter, r *http.Request, f request.UserCodeForm) {
	req, p, status := w.newPageRequest(rw, r), userCodePage{Code: f.Code}, http.StatusOK
	if e, ok := refusal(f.Refused); ok {
		p.form, status = p.refusedBy(e), problem.PageStatus(e.Code)
		switch e.Code {
		case auth.CodeInvalid:
			p.Refused = unknownDeviceCode
		case auth.AccountLocked:
			p.Refused = tooManyDeviceCode
		default: // in the words of its code
		}
	}
	w.render(req, &response{template: "device", status: status, data: p})
}

// deviceQuestionPage asks somebody whether a device may be let in.
type deviceQuestionPage struct {
	request.DeviceQuestion
	// Account is the address of the account that is used.
	Account string
}

// Action is where the answer goes.
func (deviceQuestionPage) Action() string { return request.DeviceAnswerPath }

// Allow is the answer of somebody who agrees.
func (deviceQuestionPage) Allow() string { return request.Allow }

// Query is for the address where somebody signs in with another account.
func (p deviceQuestionPage) Query() template.URL { return returnTarget{Journey: p.Journey}.Query() }

// AskToAllowDevice implements oidc.Pages.
func (w *Web) AskToAllowDevice(rw http.ResponseWriter, r *http.Request, who auth.Subject, q request.DeviceQuestion) {
	user, err := w.Sessions.UserOf(r.Context(), who)
	if err != nil {
		w.Fail(rw, r, err)
		return
	}
	w.render(w.newPageRequest(rw, r), &response{template: "device-allow", data: deviceQuestionPage{q, user.Email}})
}

// DeviceAnswered implements oidc.Pages.
func (w *Web) DeviceAnswered(rw http.ResponseWriter, r *http.Request, allowed bool) {
	about := "device-denied"
	if allowed {
		about = "device-allowed"
	}
	w.render(w.newPageRequest(rw, r), &response{template: "done", data: done{About: about, Next: "/account"}})
}
