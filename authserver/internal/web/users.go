// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
)

// perPage is how many rows a list for admins shows at once.
const perPage = 50

// paging is where one stands in a long list: First and Next are the addresses of
// its beginning and of what comes behind; Next is empty at the end.
type paging struct {
	First, Next string
	// Later is set behind the beginning.
	Later bool
}

func (v *visit) paging() paging {
	query := v.r.URL.Query()
	p := paging{Later: query.Get("before") != ""}
	query.Del("before")
	query.Del("saved")
	p.First = v.r.URL.Path + "?" + query.Encode()
	return p
}

// goesOn says that there is more behind a row.
func (p *paging) goesOn(row string) { p.Next = p.First + "&" + url.Values{"before": {row}}.Encode() }

// usersPage is a list of users, as far as an admin looks for them.
type usersPage struct {
	auth.UserQuery
	Statuses []auth.Status
	Users    []auth.User
	paging
	Saved string
}

// Searched reports whether anything narrows the list.
func (p usersPage) Searched() bool { return p.Prefix != "" || p.Role != "" || p.Status != "" }

func (w *Web) showUsers(v *visit) (*answer, error) {
	p := usersPage{UserQuery: v.userQuery(), Statuses: statuses(), paging: v.paging(), Saved: v.saved([]string{"deleted"})}
	err := w.signedIn(v, func(access auth.Secret) error {
		users, more, err := w.Auth.FindUsers(v.r.Context(), access, p.UserQuery, v.client)
		p.Users = users
		if more {
			p.goesOn(users[len(users)-1].ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return show("users", p)
}

func statuses() []auth.Status {
	return []auth.Status{auth.ActiveStatus, auth.DisabledStatus, auth.UnverifiedStatus, auth.LockedStatus}
}

// userQuery is what the address asks for; what makes no sense there is left out.
func (v *visit) userQuery() auth.UserQuery {
	query := v.r.URL.Query()
	q := auth.UserQuery{Prefix: limited(query.Get("q"), auth.MaxEmailLength), Limit: perPage}
	if role := limited(query.Get("role"), maxRole); auth.PlausibleRole(role) {
		q.Role = role
	}
	if status := auth.Status(query.Get("status")); slices.Contains(statuses(), status) {
		q.Status = status
	}
	if before := query.Get("before"); auth.IsID(before) {
		q.Before = before
	}
	return q
}

// maxRole bounds a role, in bytes.
const maxRole = 32

// newUserPage is the form for a user. Wrong names the field that was refused.
type newUserPage struct {
	passwordForm
	Role, Locale string
	Wrong        string
	// Mails reports whether the user can be invited.
	Mails bool
}

func (w *Web) newUserPage() newUserPage {
	return newUserPage{passwordForm: w.passwordForm(), Role: auth.UserRole, Mails: w.Settings().Email != nil}
}

func (w *Web) showNewUser(v *visit) (*answer, error) {
	err := w.signedIn(v, func(access auth.Secret) error { return w.onlyAdmins(v, access) })
	if err != nil {
		return nil, err
	}
	return show("new-user", w.newUserPage())
}

// onlyAdmins is for what does not ask the service, which would refuse by itself.
func (w *Web) onlyAdmins(v *visit, access auth.Secret) error {
	user, err := w.Auth.Profile(v.r.Context(), access)
	if err == nil && user.Role != auth.AdminRole {
		return &auth.Error{Code: auth.PermissionDenied}
	}
	return err
}

func (w *Web) createUser(v *visit) (*answer, error) {
	p := w.newUserPage()
	p.Email, p.Name = v.field("email", auth.MaxEmailLength), v.field("name", maxName)
	p.Role, p.Locale = v.field("role", maxRole), v.field("locale", maxLocale)
	created := auth.User{}
	err := w.signedIn(v, func(access auth.Secret) (err error) {
		if err := w.onlyAdmins(v, access); err != nil {
			return err
		}
		if p.Wrong = p.implausible(); p.Wrong != "" {
			return invalid(p.Wrong)
		}
		created, err = w.Auth.CreateUser(v.r.Context(), access, auth.NewUser{
			Email: p.Email, Password: v.secret("password"), Name: p.Name, Role: p.Role, Locale: p.Locale,
		}, auth.Proof{}, v.client)
		return err
	})
	e, ok := refusal(err)
	switch {
	case err == nil && v.secret("password") == "":
		return goOn("/admin/users/" + created.ID + "?saved=invited")
	case err == nil:
		return goOn("/admin/users/" + created.ID + "?saved=created")
	case !ok:
		return nil, err
	}
	switch e.Code {
	case invalid(p.Wrong).Code:
	case auth.EmailTaken:
		p.Wrong = "email"
	case auth.PasswordRejected, auth.EmailUnavailable:
		p.Wrong = "password"
	default:
		return nil, err
	}
	p.passwordForm = p.rejectedBy(e)
	return &answer{template: "new-user", status: problem.PageStatus(e.Code), data: p}, nil
}

// implausible names the first field that cannot be right; empty for none.
func (p newUserPage) implausible() string {
	switch {
	case !auth.PlausibleEmail(p.Email):
		return "email"
	case !auth.PlausibleName(p.Name):
		return "name"
	case !auth.PlausibleRole(p.Role):
		return "role"
	case p.Locale != "" && !auth.PlausibleLocale(p.Locale):
		return "locale"
	default:
		return ""
	}
}

func limited(text string, max int) string { return text[:min(len(text), max)] }
