// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"errors"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func heldRoute(path, summary string) route {
	return route{
		method: "POST", path: path, status: http.StatusSeeOther, rate: request.RateFederation,
		summary: summary, refuses: []auth.Code{auth.MethodNotAllowed},
	}
}

// answerForm is a callbackQuery in a form (OAuth 2.0 Form Post Response Mode).
type answerForm struct {
	State  auth.Secret `form:"state" required:"true" maxLength:"128"`
	Code   auth.Secret `form:"code" maxLength:"4096"`
	Issuer string      `form:"iss" maxLength:"512"`
	Error  string      `form:"error" maxLength:"128"`
	// User is Apple's, as federation.NameInForm reads it.
	User string `form:"user" maxLength:"2048"`
}

// providerAnswerForm is an answerForm at one provider's callback.
type providerAnswerForm struct {
	Provider string `path:"provider" required:"true" maxLength:"128"`
	answerForm
}

func (a *API) holdAnswer(w http.ResponseWriter, r *http.Request, in answerForm) {
	a.hold(w, r, "", in)
}

func (a *API) holdAnswerOf(w http.ResponseWriter, r *http.Request, in providerAnswerForm) {
	a.hold(w, r, in.Provider, in.answerForm)
}

// hold sends the browser on by a GET. It asks for no cookie, and trusts nothing.
func (a *API) hold(w http.ResponseWriter, r *http.Request, provider string, in answerForm) {
	to, err := a.Federation.HoldAnswer(federation.Callback{
		Provider: provider, State: in.State,
		Answer: federation.AuthorizationAnswer{
			Code: in.Code, Issuer: in.Issuer, Error: in.Error, Name: federation.NameInForm(in.User),
		},
	})
	if errors.Is(err, auth.Refuse(auth.MethodNotAllowed)) {
		w.Header().Set("Allow", http.MethodGet)
	}
	if err != nil {
		a.problems.Write(w, r, err)
		return
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
