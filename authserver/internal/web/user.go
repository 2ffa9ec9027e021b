// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) userPages() []page {
	return []page{
		{"GET /admin/users/{id}", request.RateRead, w.showUser},
		{"POST /admin/users/{id}", request.RateCode, w.requireProof(w.changeUser)},
		{"POST /admin/users/{id}/disable", request.RateChange, w.disableUser},
		{"POST /admin/users/{id}/enable", request.RateCode, w.requireProof(w.enableUser)},
		{"POST /admin/users/{id}/unlock", request.RateCode, w.requireProof(w.unlockUser)},
		{"POST /admin/users/{id}/sessions/end", request.RateChange, w.endSessionsOfUser},
		{"POST /admin/users/{id}/two-factor/reset", request.RateCode, w.requireProof(w.resetTwoFactor)},
		{"POST /admin/users/{id}/delete", request.RateCode, w.requireProof(w.deleteUser)},
	}
}

// userPage is what an admin sees of a user and can do to them. Section names the
// form that was refused.
type userPage struct {
	form
	Section string
	Saved   string
	User    auth.User
	admin.UserDetails
	Groups []group.Membership
	Tokens []personaltoken.Listed
	// Self is set when the admin looks at themselves.
	Self bool
}

// Refuses reports whether the form of a section was refused.
func (p userPage) Refuses(section string) bool { return p.Refused != "" && p.Section == section }

func (w *Web) showUser(req *pageRequest) (*response, error) {
	return w.user(req, userPage{Saved: req.saved([]string{
		"created", "invited", "profile", "disabled", "enabled", "unlocked", "sessions", "two-factor", "tokens", "recovery-approved", "recovery-cancelled",
	})})
}

func (w *Web) user(req *pageRequest, p userPage) (*response, error) {
	err := w.signedIn(req, func(access auth.Secret) error {
		admin, err := w.Accounts.Profile(req.r.Context(), access)
		if err != nil {
			return err
		}
		p.User, p.UserDetails, err = w.Admin.User(req.r.Context(), access, req.r.PathValue("id"), req.client)
		p.Self = admin.ID == p.User.ID
		if err == nil {
			p.Groups, err = w.Groups.MembershipsOf(req.r.Context(), access, p.User.ID, req.client)
		}
		if err == nil {
			p.Tokens, err = w.PersonalTokens.ListOf(req.r.Context(), access, p.User.ID, req.client)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a := &response{template: "user", data: p}
	if p.Refused != "" {
		a.status = http.StatusBadRequest
	}
	return a, nil
}

// administer does something to the user of the address, and shows what they are
// now or why it was refused.
func (w *Web) administer(req *pageRequest, section, done string, do func(access auth.Secret, id string) error) (*response, error) {
	id := req.r.PathValue("id")
	if uuid.Validate(id) != nil {
		return nil, &auth.Error{Code: auth.NotFound}
	}
	err := w.signedIn(req, func(access auth.Secret) error { return do(access, id) })
	e, ok := formRefusal(err)
	switch {
	case err == nil:
		return seeOther("/admin/users/" + id + "?saved=" + done)
	case ok && !slices.Contains([]auth.Code{auth.PermissionDenied, auth.NotFound}, e.Code):
		return w.user(req, userPage{form: form{}.refusedBy(e), Section: section})
	default:
		return nil, err
	}
}

func (w *Web) changeUser(req *pageRequest) (*response, error) {
	return w.administer(req, "profile", "profile", func(access auth.Secret, id string) error {
		name, role := req.field("name", maxName), req.field("role", maxRole)
		switch {
		case !auth.PlausibleName(name):
			return invalid("name")
		case !auth.PlausibleRole(role):
			return invalid("role")
		}
		_, err := w.Admin.ChangeUser(req.r.Context(), access, id, admin.UserChange{Name: &name, Role: &role}, signin.Proof{}, req.client)
		return err
	})
}

func (w *Web) disableUser(req *pageRequest) (*response, error) {
	return w.setDisabled(req, true, "disabled")
}
func (w *Web) enableUser(req *pageRequest) (*response, error) {
	return w.setDisabled(req, false, "enabled")
}

func (w *Web) setDisabled(req *pageRequest, disabled bool, done string) (*response, error) {
	return w.administer(req, "access", done, func(access auth.Secret, id string) error {
		_, err := w.Admin.ChangeUser(req.r.Context(), access, id, admin.UserChange{Disabled: &disabled}, signin.Proof{}, req.client)
		return err
	})
}

func (w *Web) unlockUser(req *pageRequest) (*response, error) {
	return w.administer(req, "access", "unlocked", func(access auth.Secret, id string) error {
		return w.Admin.UnlockUser(req.r.Context(), access, id, signin.Proof{}, req.client)
	})
}

func (w *Web) endSessionsOfUser(req *pageRequest) (*response, error) {
	return w.administer(req, "access", "sessions", func(access auth.Secret, id string) error {
		return w.Admin.EndSessionsOfUser(req.r.Context(), access, id, req.client)
	})
}

func (w *Web) resetTwoFactor(req *pageRequest) (*response, error) {
	return w.administer(req, "access", "two-factor", func(access auth.Secret, id string) error {
		return w.Admin.ResetSecondFactors(req.r.Context(), access, id, signin.Proof{}, req.client)
	})
}

// wrongConfirmation is a confirmation that does not say what it should.
const wrongConfirmation auth.Code = "confirmation_wrong"

// deleteUser wants the address typed, so that nobody deletes whom they only
// clicked on.
func (w *Web) deleteUser(req *pageRequest) (*response, error) {
	a, err := w.administer(req, "delete", "", func(access auth.Secret, id string) error {
		user, _, err := w.Admin.User(req.r.Context(), access, id, req.client)
		switch {
		case err != nil:
			return err
		case !auth.SameEmail(req.field("confirm", auth.MaxEmailLength), user.Email):
			return &auth.Error{Code: wrongConfirmation}
		}
		return w.Admin.DeleteUser(req.r.Context(), access, id, signin.Proof{}, req.client)
	})
	if err != nil || a.location == "" {
		return a, err
	}
	return seeOther("/admin/users?saved=deleted")
}
