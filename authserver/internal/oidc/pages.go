// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/http"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// Pages are what people see of the realm, and what it knows their browsers by.
type Pages interface {
	// Visitor is who is signed in in a browser, in a session that goes on. It may end in the
	// next moment: IssueCode looks again. It refuses with RefreshTokenInvalid where nobody is,
	// with RateLimited, SigningUnavailable or DatabaseUnavailable.
	Visitor(w http.ResponseWriter, r *http.Request) (auth.Subject, error)
	// AskToSignIn asks somebody to show who they are, by the provider that the sealed
	// request.Journey names or by any way, who goes on with it.
	AskToSignIn(w http.ResponseWriter, r *http.Request, journey string)
	// AskToAgree asks somebody whether an application may be told of them. Their answer goes
	// to request.DecisionPath: the fields journey and decision as the question has them, and
	// answer, which is request.Allow or anything else.
	AskToAgree(w http.ResponseWriter, r *http.Request, who auth.Subject, q request.Question)
	// AskForUserCode asks somebody for what their device shows. Their answer goes to
	// request.DevicePath, as user_code.
	AskForUserCode(w http.ResponseWriter, r *http.Request, f request.UserCodeForm)
	// AskToAllowDevice asks somebody whether a device may be let in. Their answer goes to
	// request.DeviceAnswerPath: the field question as it is, and answer, as for AskToAgree.
	AskToAllowDevice(w http.ResponseWriter, r *http.Request, who auth.Subject, q request.DeviceQuestion)
	// DeviceAnswered says what somebody has answered.
	DeviceAnswered(w http.ResponseWriter, r *http.Request, allowed bool)
	// PostTo shows a page that posts values to an address by itself (OAuth 2.0 Form Post
	// Response Mode). formAction is a source expression for the address.
	PostTo(w http.ResponseWriter, r *http.Request, address, formAction string, values url.Values)
	// SignOut ends the session of the browser, if there is one. It refuses with
	// DatabaseUnavailable.
	SignOut(w http.ResponseWriter, r *http.Request) error
	// AskToSignOut asks somebody whether to sign out, as an application wants it whose name
	// may be empty, and goes on as the sealed request.Journey says.
	AskToSignOut(w http.ResponseWriter, r *http.Request, journey, application string)
	// SignedOut says that nobody is signed in any more.
	SignedOut(w http.ResponseWriter, r *http.Request)
	// Fail shows what an error is to people.
	Fail(w http.ResponseWriter, r *http.Request, err error)
}
