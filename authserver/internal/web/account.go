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
}

// TwoFactor reports whether sign-in takes two steps.
func (p accountPage) TwoFactor() bool { return p.User.HasSecondFactor() }

// Refuses reports whether the form of a section was refused.
func (p accountPage) Refuses(section string) bool { return p.Refused != "" && p.Section == section }

// saved are what a page may say was done; the address bar is not trusted with more.
var saved = []string{"profile", "password", "sessions", "two-factor", "backup-codes"}

func (w *Web) showAccount(v *visit) (*answer, error) {
	p := accountPage{passwordForm: w.passwordForm()}
	if what := v.r.URL.Query().Get("saved"); slices.Contains(saved, what) {
		p.Saved = what
	}
	return w.account(v, p)
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
		p.Factors, err = w.Auth.SecondFactors(ctx, access)
		return err
	})
	if err != nil {
		return nil, err
	}
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
		return w.account(v, accountPage{passwordForm: w.passwordForm().rejectedBy(e), Section: section})
	}
	if err != nil {
		return nil, err
	}
	return goOn("/account?saved=" + section)
}

func (w *Web) saveProfile(v *visit) (*answer, error) {
	return w.change(v, "profile", func(access auth.Secret) error {
		name := v.field("name", maxName)
		if !auth.PlausibleName(name) {
			return &auth.Error{Code: auth.InvalidRequest}
		}
		_, err := w.Auth.UpdateProfile(v.r.Context(), access, auth.ProfileChange{Name: &name}, v.client)
		return err
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
		return w.Auth.DeleteAccount(v.r.Context(), access, v.proof(), v.client)
	})
	if err != nil || a.location == "" {
		return a, err
	}
	v.forget()
	return show("done", done{"deleted", "/signin"})
}
