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
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Deps is what the pages stand on; every field is required.
type Deps struct {
	Auth *auth.Service
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	// Client says who sent a request.
	Client func(*http.Request) auth.Client
	// KeepDevice lets a browser keep the token it will be known by.
	KeepDevice func(http.ResponseWriter, auth.Secret)
	// QR is a picture of a text to scan, as the src of an img element.
	QR func(text string) (string, error)
	// RequestID names a request to whoever reports a fault.
	RequestID func(*http.Request) string
	Log       *slog.Logger
}

// Page is one line of what the pages answer.
type Page struct {
	// Pattern is as http.ServeMux understands it.
	Pattern string
	// Rate names the routes of the API with which it shares a limit for each
	// source; empty for none.
	Rate    string
	Handler http.Handler
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
func (w *Web) Pages() []Page {
	forged := http.NewCrossOriginProtection()
	forged.SetDenyHandler(w.handler(func(*visit) (*answer, error) {
		return nil, &auth.Error{Code: auth.PermissionDenied}
	}))
	pages := []Page{
		{Pattern: "GET " + assetsPath + "{revision}/{name}", Handler: http.HandlerFunc(w.serveAsset)},
		{Pattern: "GET " + assetsPath + "{name}", Handler: http.HandlerFunc(w.serveShared)},
	}
	for _, p := range w.pages() {
		pages = append(pages, Page{p.pattern, p.rate, forged.Handler(w.handler(p.show))})
	}
	return pages
}

// Fail shows the error page.
func (w *Web) Fail(rw http.ResponseWriter, r *http.Request, err error) { w.fail(w.visit(rw, r), err) }

// page is a pattern, its limit and what it shows.
type page struct {
	pattern string
	rate    string
	show    func(*visit) (*answer, error)
}

func (w *Web) pages() []page {
	return []page{
		{"GET /{$}", "", w.start},
		{"GET /signin", "", w.showSignIn},
		{"POST /signin", "login", w.signIn},
		{"POST /signin/code", "code", w.enterCode},
		{"GET /signin/with/{provider}", "", w.signInWith},
		{"GET " + auth.ReturnPath, "code", w.returned},
		{"POST /signout", "", w.signOut},
		{"GET /signed-out", "", w.signedOut},
		{"POST /signin/sms", "mail", w.sendCode},
		{"GET /forgot", "", w.showForgot},
		{"POST /forgot", "mail", w.forgot},
		{"GET /reset/{token}", "code", w.showReset},
		{"POST /reset/{token}", "code", w.reset},
		{"GET /register", "", w.showRegister},
		{"POST /register", "register", w.register},
		{"GET /verify-email/{token}", "code", w.showVerify},
		{"POST /verify-email/{token}", "code", w.verify},
		{"POST /verify-email", "mail", w.resendVerification},
		{"GET /account", "", w.showAccount},
		{"POST /account/profile", "", w.saveProfile},
		{"POST /account/email", "mail", w.proved(w.changeEmail)},
		{"POST /account/password", "login", w.changePassword},
		{"POST /account/sessions/end", "", w.endOtherSessions},
		{"POST /account/sessions/{id}/end", "", w.endSession},
		{"POST /account/two-factor", "code", w.proved(w.beginTwoFactor)},
		{"POST /account/two-factor/verify", "code", w.verifyTwoFactor},
		{"POST /account/two-factor/disable", "code", w.proved(w.disableTwoFactor)},
		{"POST /account/two-factor/backup-codes", "code", w.proved(w.renewBackupCodes)},
		{"POST /account/two-factor/backup-codes/file", "", w.downloadCodes},
		{"POST /account/two-factor/sms", "mail", w.proved(w.beginPhone)},
		{"POST /account/two-factor/sms/verify", "code", w.verifyPhone},
		{"POST /account/two-factor/sms/disable", "code", w.proved(w.removePhone)},
		{"POST /account/identities", "oauth", w.proved(w.linkIdentity)},
		{"GET " + auth.LinkReturnPath, "oauth", w.linkReturned},
		{"POST /account/identities/{id}/unlink", "code", w.proved(w.unlinkIdentity)},
		{"POST /account/delete", "login", w.proved(w.deleteAccount)},
		{"POST /language", "", w.chooseLanguage},
		{"GET /admin", "", func(*visit) (*answer, error) { return goOn("/admin/users") }},
		{"GET /admin/users", "", w.showUsers},
		{"POST /admin/users", "code", w.proved(w.createUser)},
		{"GET /admin/users/new", "", w.showNewUser},
		{"GET /admin/users/{id}", "", w.showUser},
		{"POST /admin/users/{id}", "code", w.proved(w.changeUser)},
		{"POST /admin/users/{id}/disable", "", w.disableUser},
		{"POST /admin/users/{id}/enable", "code", w.proved(w.enableUser)},
		{"POST /admin/users/{id}/unlock", "code", w.proved(w.unlockUser)},
		{"POST /admin/users/{id}/sessions/end", "", w.endSessionsOfUser},
		{"POST /admin/users/{id}/two-factor/reset", "code", w.proved(w.resetTwoFactor)},
		{"POST /admin/users/{id}/delete", "code", w.proved(w.deleteUser)},
		{"GET /admin/audit", "", w.showAudit},
	}
}
