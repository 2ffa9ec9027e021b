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
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mailcode"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Deps is what the pages stand on; every field is required.
type Deps struct {
	Sessions *session.Service
	Grants   *grant.Service
	// PersonalTokens are what people make for programs of theirs.
	PersonalTokens *personaltoken.Service
	// ServiceAccounts are accounts that are no person.
	ServiceAccounts *serviceaccount.Service
	SignIn          *signin.Service
	Federation      *federation.Service
	MailCodes       *mailcode.Service
	Accounts        *account.Service
	Admin           *admin.Service
	Groups          *group.Service
	// Requirements say who must have a second factor, or another password.
	Requirements *requirement.Service
	Sealer       auth.Sealer
	Shelf        request.Shelf
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	Now      func() time.Time
	Limiter  request.Limiter
	Log      *slog.Logger
}

// Web serves the pages.
type Web struct {
	Deps
	problems  problem.Writer
	templates templates
	assets    assets
	languages []translation
	cached    atomic.Pointer[appearance]
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
	return &Web{
		Deps: d, problems: problem.Writer{Settings: d.Settings, Log: d.Log},
		templates: templates, assets: assets, languages: languages,
	}, nil
}

// Pages is everything the pages answer.
func (w *Web) Pages() []request.Route {
	routes := []request.Route{
		{Pattern: "GET " + assetsPath + "{revision}/{name}", Handler: http.HandlerFunc(w.serveAsset)},
		{Pattern: "GET " + assetsPath + "{name}", Handler: http.HandlerFunc(w.serveShared)},
		{Pattern: "GET " + relatedOriginsPath, Handler: http.HandlerFunc(w.relatedOrigins)},
	}
	for _, p := range w.pages() {
		routes = append(routes, request.Route{Pattern: p.pattern, Rate: p.rate, Handler: w.handler(p.show)})
	}
	return routes
}

// Fail shows the error page.
func (w *Web) Fail(rw http.ResponseWriter, r *http.Request, err error) {
	w.fail(w.newPageRequest(rw, r), err)
}

// FailElsewhere implements gateway.Pages: what the page is made of is asked for at the
// realm's own address.
func (w *Web) FailElsewhere(rw http.ResponseWriter, r *http.Request, err error) {
	req := w.newPageRequest(rw, r)
	if issuer, parseErr := url.Parse(w.Settings().Issuer); parseErr == nil {
		req.origin = issuer.Scheme + "://" + issuer.Host
	}
	w.fail(req, err)
}

// page is a pattern, its limit and what it shows.
type page struct {
	pattern string
	rate    request.RateClass
	show    func(*pageRequest) (*response, error)
}

// pages are listed beside what they show.
func (w *Web) pages() []page {
	return slices.Concat(
		w.signInPages(),
		w.challengePages(),
		w.stepUpPages(),
		w.choosePasswordPages(),
		w.mailCodePages(),
		w.providerPages(),
		w.resetPages(),
		w.registrationPages(),
		w.credentialPages(),
		w.recoveryPages(),
		w.verificationPages(),
		w.accountPages(),
		w.twoFactorPages(),
		w.backupCodePages(),
		w.phonePages(),
		w.passkeyPages(),
		w.passkeySignInPages(),
		w.setUpPages(),
		w.identityPages(),
		w.applicationPages(),
		w.personalTokenPages(),
		w.languagePages(),
		w.serviceAccountsPages(),
		w.serviceAccountPages(),
		w.usersPages(),
		w.userPages(),
		w.groupsPages(),
		w.groupPages(),
		w.requiredPages(),
		w.auditPages(),
	)
}
