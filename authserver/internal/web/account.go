// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) accountPages() []page {
	return []page{
		{"GET /account", request.RateRead, w.showAccount},
		{"POST /account/profile", request.RateChange, w.saveProfile},
		{"POST /account/email", request.RateMail, w.requireProof(w.changeEmail)},
		{"POST /account/password", request.RateLogin, w.requireProof(w.changePassword)},
		{"POST /account/sessions/end", request.RateChange, w.endOtherSessions},
		{"POST /account/sessions/{id}/end", request.RateChange, w.endSession},
		{"POST /account/delete", request.RateLogin, w.requireProof(w.deleteAccount)},
	}
}

// accountPage is a person's own page. Section names the form that was refused.
type accountPage struct {
	passwordForm
	Section  string
	Saved    string
	User     auth.User
	Sessions []session.Session
	Current  string
	Factors  mfa.Factors
	// Phone is what was typed into the form for a new one.
	Phone string
	// Elsewhere reports whether there is a session besides the page's own.
	Elsewhere    bool
	Applications []grant.Application
	// Tokens are those that the user has made, TokenApplications those that take more.
	Tokens            []personaltoken.Listed
	TokenApplications []personaltoken.Application
	// Linked are the ways in through providers, Linkable the providers that are none.
	Linked   []linkedIdentity
	Linkable []provider
	// Mails and Texts report what the realm can send.
	Mails, Texts bool
	// Passkeys are the user's; Keys reports whether the realm takes any.
	Passkeys []passkey.Passkey
	Keys     bool
	// Recovery is one that waits, or that is ready; nil for none.
	Recovery *account.Recovery
	// FirstPassword reports whether somebody without a password may set one.
	FirstPassword bool
}

// TwoFactor reports whether sign-in takes two steps.
func (p accountPage) TwoFactor() bool { return p.User.HasSecondFactor() }

// App and Phoned report which second factors are in use.
func (p accountPage) App() bool    { return slices.Contains(p.User.Methods, auth.TOTPMethod) }
func (p accountPage) Phoned() bool { return slices.Contains(p.User.Methods, auth.SMSMethod) }

// Admin reports whether the user may see the pages for admins.
func (p accountPage) Admin() bool { return p.User.Role == auth.AdminRole }

// Refuses reports whether the form of a section was refused.
func (p accountPage) Refuses(section string) bool { return p.Refused != "" && p.Section == section }

// wrongPassword is InvalidCredentials to somebody who was not asked for an address.
const wrongPassword auth.Code = "wrong_password"

// invalid refuses what was typed into a field, in words about that field.
func invalid(field string) *auth.Error { return &auth.Error{Code: auth.Code("invalid_" + field)} }

// saved are what a page may say was done; the address bar is not trusted with more.
var saved = []string{"profile", "email", "password", "sessions", "two-factor", "backup-codes", "passkeys", "identities", "applications", "tokens", "recovery"}

func (w *Web) showAccount(req *pageRequest) (*response, error) {
	return w.account(req, accountPage{passwordForm: w.passwordForm(), Saved: req.saved(saved)})
}

// saved is which of some changes the address says was made.
func (req *pageRequest) saved(known []string) string {
	what := req.r.URL.Query().Get("saved")
	if !slices.Contains(known, what) {
		return ""
	}
	return what
}

// account shows the page with what the Store knows now.
func (w *Web) account(req *pageRequest, p accountPage) (*response, error) {
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		ctx := req.r.Context()
		if p.User, err = w.Accounts.Profile(ctx, access); err != nil {
			return err
		}
		if p.Sessions, p.Current, err = w.Sessions.List(ctx, access); err != nil {
			return err
		}
		p.Elsewhere = len(p.Sessions) > 1
		p.Sessions = slices.DeleteFunc(p.Sessions, func(s session.Session) bool { return s.ClientID != "" }) // with the applications
		if p.Applications, err = w.Grants.Applications(ctx, access); err != nil {
			return err
		}
		if p.Tokens, err = w.PersonalTokens.List(ctx, access); err != nil {
			return err
		}
		if p.TokenApplications, _, err = w.PersonalTokens.Applications(ctx, access); err != nil {
			return err
		}
		if p.Factors, err = w.Accounts.SecondFactors(ctx, access); err != nil {
			return err
		}
		if p.Passkeys, err = w.Accounts.PasskeysOf(ctx, access); err != nil {
			return err
		}
		if p.Recovery, err = w.Accounts.RecoveryOf(ctx, access); err != nil {
			return err
		}
		identities, err := w.Federation.Identities(ctx, access)
		p.Linked, p.Linkable = w.linkedAndLinkable(identities)
		return err
	})
	if err != nil {
		return nil, err
	}
	settings := w.Settings()
	p.Mails, p.Texts, p.Keys = settings.Email != nil, settings.SMS != nil, settings.Passkeys != nil
	p.FirstPassword = settings.Registration.OffersPasswords()
	a := &response{template: "account", data: p}
	if p.Refused != "" {
		a.status = http.StatusBadRequest
	}
	return a, nil
}

// change runs a form of the account page and goes back to it, or shows it again
// with what was refused.
func (w *Web) change(req *pageRequest, section string, do func(access auth.Secret) error) (*response, error) {
	err := w.signedIn(req, do)
	if e, ok := formRefusal(err); ok {
		return w.refusedChange(req, section, e)
	}
	if err != nil {
		return nil, err
	}
	return seeOther("/account?saved=" + section)
}

func (w *Web) refusedChange(req *pageRequest, section string, e *auth.Error) (*response, error) {
	p := accountPage{passwordForm: w.passwordForm().rejectedBy(e), Section: section, Phone: req.field("phone", maxPhone)}
	p.Email = req.field("email", auth.MaxEmailLength)
	switch e.Code {
	case auth.InvalidCredentials:
		p.Refused = wrongPassword
	case auth.InvalidRequest:
		p.Refused = invalid(section).Code
	default: // in the words of its code
	}
	return w.account(req, p)
}

func (w *Web) saveProfile(req *pageRequest) (*response, error) {
	return w.change(req, "profile", func(access auth.Secret) error {
		name, locale := req.field("name", maxName), req.field("locale", auth.MaxLocaleLength)
		if !auth.PlausibleName(name) || locale != "" && !auth.PlausibleLocale(locale) {
			return invalid("name")
		}
		_, err := w.Accounts.UpdateProfile(req.r.Context(), access, account.ProfileChange{Name: &name, Locale: &locale}, req.client)
		return err
	})
}

func (w *Web) changeEmail(req *pageRequest) (*response, error) {
	return w.change(req, "email", func(access auth.Secret) error {
		email := req.field("email", auth.MaxEmailLength)
		if !auth.PlausibleEmail(email) {
			return invalid("email")
		}
		return w.Accounts.ChangeEmail(req.r.Context(), access, email, signin.Proof{}, req.client)
	})
}

func (w *Web) changePassword(req *pageRequest) (*response, error) {
	return w.change(req, "password", func(access auth.Secret) error {
		return w.Accounts.ChangePassword(req.r.Context(), access, req.secret("current"), req.secret("password"), req.client)
	})
}

func (w *Web) endSession(req *pageRequest) (*response, error) {
	return w.change(req, "sessions", func(access auth.Secret) error {
		return w.Sessions.EndOne(req.r.Context(), access, req.r.PathValue("id"), req.client)
	})
}

func (w *Web) endOtherSessions(req *pageRequest) (*response, error) {
	return w.change(req, "sessions", func(access auth.Secret) error {
		_, err := w.Sessions.EndOthers(req.r.Context(), access, req.client)
		return err
	})
}

func (w *Web) deleteAccount(req *pageRequest) (*response, error) {
	a, err := w.change(req, "delete", func(access auth.Secret) error {
		return w.Accounts.DeleteAccount(req.r.Context(), access, signin.Proof{}, req.client)
	})
	if err != nil || a.location == "" {
		return a, err
	}
	req.clearSession()
	return show("done", done{About: "deleted", Next: "/signin"})
}
