// SPDX-License-Identifier: Apache-2.0

// Package web is the realm's own pages: an app can send its users here and needs
// to build nothing. They are rendered on the server and work without a script.
//
// A page's session is the same as an app's: a refresh token and an access token,
// here in cookies that no script can read.
package web

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Deps is what the pages stand on; every field is required.
type Deps struct {
	Auth *auth.Service
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	Log      *slog.Logger
}

// Web serves the pages.
type Web struct {
	Deps
	templates templates
	assets    assets
	languages []speech
	worn      atomic.Pointer[look]
}

// New returns the pages. The error says which template or catalogue of this
// build is broken.
func New(d Deps) (*Web, error) {
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	templates, err := loadTemplates(assets)
	if err != nil {
		return nil, err
	}
	languages, err := loadLanguages()
	if err != nil {
		return nil, err
	}
	return &Web{Deps: d, templates: templates, assets: assets, languages: languages}, nil
}

// Pages is everything the pages answer.
func (w *Web) Pages() []request.Route {
	routes := []request.Route{
		{Pattern: "GET " + assetsPath + "{revision}/{name}", Handler: http.HandlerFunc(w.serveAsset)},
		{Pattern: "GET " + assetsPath + "{name}", Handler: http.HandlerFunc(w.serveShared)},
	}
	for _, p := range w.pages() {
		routes = append(routes, request.Route{Pattern: p.pattern, Rate: p.rate, Handler: w.handler(p.show)})
	}
	return routes
}

// Fail shows the error page.
func (w *Web) Fail(rw http.ResponseWriter, r *http.Request, err error) { w.fail(w.visit(rw, r), err) }

// page is a pattern, its limit and what it shows.
type page struct {
	pattern string
	rate    request.RateClass
	show    func(*visit) (*answer, error)
}

func (w *Web) pages() []page {
	return []page{
		{"GET /{$}", request.Unlimited, w.start},
		{"GET /signin", request.Unlimited, w.showSignIn},
		{"POST /signin", request.RateLogin, w.signIn},
		{"POST /signin/code", request.RateCode, w.enterCode},
		{"GET /signin/with/{provider}", request.Unlimited, w.signInWith},
		{"GET " + auth.ReturnPath, request.RateCode, w.returned},
		{"POST /signout", request.Unlimited, w.signOut},
		{"GET /signed-out", request.Unlimited, w.signedOut},
		{"POST /signin/sms", request.RateMail, w.sendCode},
		{"GET /forgot", request.Unlimited, w.showForgot},
		{"POST /forgot", request.RateMail, w.forgot},
		{"GET /reset/{token}", request.RateCode, w.showReset},
		{"POST /reset/{token}", request.RateCode, w.reset},
		{"GET /register", request.Unlimited, w.showRegister},
		{"POST /register", request.RateRegister, w.register},
		{"GET /verify-email/{token}", request.RateCode, w.showVerify},
		{"POST /verify-email/{token}", request.RateCode, w.verify},
		{"POST /verify-email", request.RateMail, w.resendVerification},
		{"GET /account", request.Unlimited, w.showAccount},
		{"POST /account/profile", request.Unlimited, w.saveProfile},
		{"POST /account/email", request.RateMail, w.proved(w.changeEmail)},
		{"POST /account/password", request.RateLogin, w.changePassword},
		{"POST /account/sessions/end", request.Unlimited, w.endOtherSessions},
		{"POST /account/sessions/{id}/end", request.Unlimited, w.endSession},
		{"POST /account/two-factor", request.RateCode, w.proved(w.beginTwoFactor)},
		{"POST /account/two-factor/verify", request.RateCode, w.verifyTwoFactor},
		{"POST /account/two-factor/disable", request.RateCode, w.proved(w.disableTwoFactor)},
		{"POST /account/two-factor/backup-codes", request.RateCode, w.proved(w.renewBackupCodes)},
		{"POST /account/two-factor/backup-codes/file", request.Unlimited, w.downloadCodes},
		{"POST /account/two-factor/sms", request.RateMail, w.proved(w.beginPhone)},
		{"POST /account/two-factor/sms/verify", request.RateCode, w.verifyPhone},
		{"POST /account/two-factor/sms/disable", request.RateCode, w.proved(w.removePhone)},
		{"POST /account/identities", request.RateOAuth, w.proved(w.linkIdentity)},
		{"GET " + auth.LinkReturnPath, request.RateOAuth, w.linkReturned},
		{"POST /account/identities/{id}/unlink", request.RateCode, w.proved(w.unlinkIdentity)},
		{"POST /account/delete", request.RateLogin, w.proved(w.deleteAccount)},
		{"POST /language", request.Unlimited, w.chooseLanguage},
		{"GET /admin", request.Unlimited, func(*visit) (*answer, error) { return goOn("/admin/users") }},
		{"GET /admin/users", request.Unlimited, w.showUsers},
		{"POST /admin/users", request.RateCode, w.proved(w.createUser)},
		{"GET /admin/users/new", request.Unlimited, w.showNewUser},
		{"GET /admin/users/{id}", request.Unlimited, w.showUser},
		{"POST /admin/users/{id}", request.RateCode, w.proved(w.changeUser)},
		{"POST /admin/users/{id}/disable", request.Unlimited, w.disableUser},
		{"POST /admin/users/{id}/enable", request.RateCode, w.proved(w.enableUser)},
		{"POST /admin/users/{id}/unlock", request.RateCode, w.proved(w.unlockUser)},
		{"POST /admin/users/{id}/sessions/end", request.Unlimited, w.endSessionsOfUser},
		{"POST /admin/users/{id}/two-factor/reset", request.RateCode, w.proved(w.resetTwoFactor)},
		{"POST /admin/users/{id}/delete", request.RateCode, w.proved(w.deleteUser)},
		{"GET /admin/audit", request.Unlimited, w.showAudit},
	}
}
