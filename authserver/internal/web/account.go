// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// accountPage is a person's own page. Section names the form that was refused.
type accountPage struct {
	passwordForm
	Section  string
	Saved    string
	User     auth.User
	Sessions []auth.Session
	Current  string
	Factors  auth.Factors
	// Phone is what was typed into the form for a new one.
	Phone string
	// Linked are the ways in through providers, Linkable the providers that are none.
	Linked   []linked
	Linkable []provider
	// Mails and Texts report what the realm can send.
	Mails, Texts bool
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
var saved = []string{"profile", "email", "password", "sessions", "two-factor", "backup-codes", "identities"}

func (w *Web) showAccount(v *visit) (*answer, error) {
	return w.account(v, accountPage{passwordForm: w.passwordForm(), Saved: v.saved(saved)})
}

// saved is which of some changes the address says was made.
func (v *visit) saved(known []string) string {
	what := v.r.URL.Query().Get("saved")
	if !slices.Contains(known, what) {
		return ""
	}
	return what
}

// account shows the page with what the Store knows now.
func (w *Web) account(v *visit, p accountPage) (*answer, error) {
	err := w.signedIn(v, func(access auth.Secret) (err error) {
		ctx := v.r.Context()
		if p.User, err = w.Auth.Profile(ctx, access); err != nil {
			return err
		}
		if p.Sessions, p.Current, err = w.Auth.ListSessions(ctx, access); err != nil {
			return err
		}
		if p.Factors, err = w.Auth.SecondFactors(ctx, access); err != nil {
			return err
		}
		identities, err := w.Auth.Identities(ctx, access)
		p.Linked, p.Linkable = w.waysIn(identities)
		return err
	})
	if err != nil {
		return nil, err
	}
	settings := w.Settings()
	p.Mails, p.Texts = settings.Email != nil, settings.SMS != nil
	a := &answer{template: "account", data: p}
	if p.Refused != "" {
		a.status = http.StatusBadRequest
	}
	return a, nil
}

// change runs a form of the account page and goes back to it, or shows it again
// with what was refused.
func (w *Web) change(v *visit, section string, do func(access auth.Secret) error) (*answer, error) {
	err := w.signedIn(v, do)
	if e, ok := explained(err); ok {
		return w.refusedChange(v, section, e)
	}
	if err != nil {
		return nil, err
	}
	return goOn("/account?saved=" + section)
}

func (w *Web) refusedChange(v *visit, section string, e *auth.Error) (*answer, error) {
	p := accountPage{passwordForm: w.passwordForm().rejectedBy(e), Section: section, Phone: v.field("phone", maxPhone)}
	p.Email = v.field("email", auth.MaxEmailLength)
	switch e.Code {
	case auth.InvalidCredentials:
		p.Refused = wrongPassword
	case auth.InvalidRequest:
		p.Refused = invalid(section).Code
	}
	return w.account(v, p)
}

func (w *Web) saveProfile(v *visit) (*answer, error) {
	return w.change(v, "profile", func(access auth.Secret) error {
		name, locale := v.field("name", maxName), v.field("locale", maxLocale)
		if !auth.PlausibleName(name) || locale != "" && !auth.PlausibleLocale(locale) {
			return invalid("name")
		}
		_, err := w.Auth.UpdateProfile(v.r.Context(), access, auth.ProfileChange{Name: &name, Locale: &locale}, v.client)
		return err
	})
}

// maxLocale bounds a language tag, in bytes.
const maxLocale = 35

func (w *Web) changeEmail(v *visit) (*answer, error) {
	return w.change(v, "email", func(access auth.Secret) error {
		email := v.field("email", auth.MaxEmailLength)
		if !auth.PlausibleEmail(email) {
			return invalid("email")
		}
		return w.Auth.ChangeEmail(v.r.Context(), access, email, auth.Proof{}, v.client)
	})
}

func (w *Web) changePassword(v *visit) (*answer, error) {
	return w.change(v, "password", func(access auth.Secret) error {
		return w.Auth.ChangePassword(v.r.Context(), access, v.secret("current"), v.secret("password"), v.client)
	})
}

func (w *Web) endSession(v *visit) (*answer, error) {
	return w.change(v, "sessions", func(access auth.Secret) error {
		return w.Auth.EndOneSession(v.r.Context(), access, v.r.PathValue("id"), v.client)
	})
}

func (w *Web) endOtherSessions(v *visit) (*answer, error) {
	return w.change(v, "sessions", func(access auth.Secret) error {
		_, err := w.Auth.EndOtherSessions(v.r.Context(), access, v.client)
		return err
	})
}

func (w *Web) deleteAccount(v *visit) (*answer, error) {
	a, err := w.change(v, "delete", func(access auth.Secret) error {
		return w.Auth.DeleteAccount(v.r.Context(), access, auth.Proof{}, v.client)
	})
	if err != nil || a.location == "" {
		return a, err
	}
	v.forget()
	return show("done", done{"deleted", "/signin"})
}
