// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) usersPages() []page {
	return []page{
		{"GET /admin", request.Unlimited, func(*pageRequest) (*response, error) { return seeOther("/admin/users") }},
		{"GET /admin/users", request.RateRead, w.showUsers},
		{"POST /admin/users", request.RateCode, w.requireProof(w.createUser)},
		{"GET /admin/users/new", request.RateRead, w.showNewUser},
	}
}

// perPage is how many rows a list for admins shows at once.
const perPage = 50

// paging is where one stands in a long list: First and Next are the addresses of
// its beginning and of what comes behind; Next is empty at the end.
type paging struct {
	First, Next string
	// Later is set behind the beginning.
	Later bool
}

func (req *pageRequest) paging() paging {
	query := req.r.URL.Query()
	p := paging{Later: query.Get("before") != ""}
	query.Del("before")
	query.Del("saved")
	p.First = req.r.URL.Path + "?" + query.Encode()
	return p
}

// setNext says that there is more behind a row.
func (p *paging) setNext(row string) { p.Next = p.First + "&" + url.Values{"before": {row}}.Encode() }

// usersPage is a list of users, as far as an admin looks for them.
type usersPage struct {
	admin.UserQuery
	Statuses []admin.Status
	Users    []auth.User
	paging
	Saved string
	// Required is set where some must have a second factor, Existing where passwords of old are
	// asked about.
	Required, Existing bool
}

// Searched reports whether anything narrows the list.
func (p usersPage) Searched() bool { return p.Text != "" || p.Role != "" || p.Status != "" }

func (w *Web) showUsers(req *pageRequest) (*response, error) {
	p := usersPage{UserQuery: req.userQuery(), Statuses: statuses(), paging: req.paging(), Saved: req.saved([]string{"deleted"}), Required: w.Settings().TwoFactor.Required != nil, Existing: w.Settings().Passwords.Existing != nil}
	err := w.signedIn(req, func(access auth.Secret) error {
		users, more, err := w.Admin.FindUsers(req.r.Context(), access, p.UserQuery, req.client)
		p.Users = users
		if more {
			p.setNext(users[len(users)-1].ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return show("users", p)
}

func statuses() []admin.Status {
	return []admin.Status{admin.ActiveStatus, admin.DisabledStatus, admin.UnverifiedStatus, admin.LockedStatus}
}

// userQuery is what the address asks for; what makes no sense there is left out.
func (req *pageRequest) userQuery() admin.UserQuery {
	query := req.r.URL.Query()
	q := admin.UserQuery{Text: truncate(query.Get("q"), auth.MaxEmailLength), Limit: perPage}
	if role := truncate(query.Get("role"), maxRole); auth.PlausibleRole(role) {
		q.Role = role
	}
	if status := admin.Status(query.Get("status")); slices.Contains(statuses(), status) {
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

func (w *Web) showNewUser(req *pageRequest) (*response, error) {
	err := w.signedIn(req, func(access auth.Secret) error { return w.requireAdmin(req, access) })
	if err != nil {
		return nil, err
	}
	return show("new-user", w.newUserPage())
}

// requireAdmin is for what does not ask the service, which would refuse by itself.
func (w *Web) requireAdmin(req *pageRequest, access auth.Secret) error {
	_, _, err := w.Sessions.Admin(req.r.Context(), access, "", "", req.client)
	return err
}

func (w *Web) createUser(req *pageRequest) (*response, error) {
	p := w.newUserPage()
	p.Email, p.Name = req.field("email", auth.MaxEmailLength), req.field("name", maxName)
	p.Role, p.Locale = req.field("role", maxRole), req.field("locale", auth.MaxLocaleLength)
	created := auth.User{}
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		if err := w.requireAdmin(req, access); err != nil {
			return err
		}
		if p.Wrong = p.invalidField(); p.Wrong != "" {
			return invalid(p.Wrong)
		}
		created, err = w.Admin.CreateUser(req.r.Context(), access, admin.NewUser{
			Email: p.Email, Password: req.secret("password"), Name: p.Name, Role: p.Role, Locale: p.Locale,
		}, signin.Proof{}, req.client)
		return err
	})
	e, ok := refusal(err)
	switch {
	case err == nil && req.secret("password") == "":
		return seeOther("/admin/users/" + created.ID + "?saved=invited")
	case err == nil:
		return seeOther("/admin/users/" + created.ID + "?saved=created")
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
	return &response{template: "new-user", status: problem.PageStatus(e.Code), data: p}, nil
}

// invalidField names the first field that cannot be right; empty for none.
func (p newUserPage) invalidField() string {
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

func truncate(text string, max int) string { return text[:min(len(text), max)] }
