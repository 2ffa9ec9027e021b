// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// userPage is what an admin sees of a user and can do to them. Section names the
// form that was refused.
type userPage struct {
	form
	Section string
	Saved   string
	User    auth.User
	auth.Standing
	// Self is set when the admin looks at themselves.
	Self bool
}

// Refuses reports whether the form of a section was refused.
func (p userPage) Refuses(section string) bool { return p.Refused != "" && p.Section == section }

func (w *Web) showUser(v *visit) (*answer, error) {
	return w.user(v, userPage{Saved: v.saved([]string{
		"created", "invited", "profile", "disabled", "enabled", "unlocked", "sessions", "two-factor",
	})})
}

func (w *Web) user(v *visit, p userPage) (*answer, error) {
	err := w.signedIn(v, func(access auth.Secret) error {
		admin, err := w.Auth.Profile(v.r.Context(), access)
		if err != nil {
			return err
		}
		p.User, p.Standing, err = w.Auth.LookUp(v.r.Context(), access, v.r.PathValue("id"), v.client)
		p.Self = admin.ID == p.User.ID
		return err
	})
	if err != nil {
		return nil, err
	}
	a := &answer{template: "user", data: p}
	if p.Refused != "" {
		a.status = http.StatusBadRequest
	}
	return a, nil
}

// administer does something to the user of the address, and shows what they are
// now or why it was refused.
func (w *Web) administer(v *visit, section, done string, do func(access auth.Secret, id string) error) (*answer, error) {
	id := v.r.PathValue("id")
	if uuid.Validate(id) != nil {
		return nil, &auth.Error{Code: auth.NotFound}
	}
	err := w.signedIn(v, func(access auth.Secret) error { return do(access, id) })
	e, ok := explained(err)
	switch {
	case err == nil:
		return goOn("/admin/users/" + id + "?saved=" + done)
	case ok && !slices.Contains([]auth.Code{auth.PermissionDenied, auth.NotFound}, e.Code):
		return w.user(v, userPage{form: form{}.refusedBy(e), Section: section})
	default:
		return nil, err
	}
}

func (w *Web) changeUser(v *visit) (*answer, error) {
	return w.administer(v, "profile", "profile", func(access auth.Secret, id string) error {
		name, role := v.field("name", maxName), v.field("role", maxRole)
		switch {
		case !auth.PlausibleName(name):
			return invalid("name")
		case !auth.PlausibleRole(role):
			return invalid("role")
		}
		_, err := w.Auth.ChangeUser(v.r.Context(), access, id, auth.UserChange{Name: &name, Role: &role}, auth.Proof{}, v.client)
		return err
	})
}

func (w *Web) disableUser(v *visit) (*answer, error) { return w.shutOut(v, true, "disabled") }
func (w *Web) enableUser(v *visit) (*answer, error)  { return w.shutOut(v, false, "enabled") }

func (w *Web) shutOut(v *visit, disabled bool, done string) (*answer, error) {
	return w.administer(v, "access", done, func(access auth.Secret, id string) error {
		_, err := w.Auth.ChangeUser(v.r.Context(), access, id, auth.UserChange{Disabled: &disabled}, auth.Proof{}, v.client)
		return err
	})
}

func (w *Web) unlockUser(v *visit) (*answer, error) {
	return w.administer(v, "access", "unlocked", func(access auth.Secret, id string) error {
		return w.Auth.UnlockUser(v.r.Context(), access, id, auth.Proof{}, v.client)
	})
}

func (w *Web) endSessionsOfUser(v *visit) (*answer, error) {
	return w.administer(v, "access", "sessions", func(access auth.Secret, id string) error {
		return w.Auth.EndSessionsOfUser(v.r.Context(), access, id, v.client)
	})
}

func (w *Web) resetTwoFactor(v *visit) (*answer, error) {
	return w.administer(v, "access", "two-factor", func(access auth.Secret, id string) error {
		return w.Auth.ResetSecondFactors(v.r.Context(), access, id, auth.Proof{}, v.client)
	})
}

// mistyped is a confirmation that does not say what it should.
const mistyped auth.Code = "confirmation_wrong"

// deleteUser wants the address typed, so that nobody deletes whom they only
// clicked on.
func (w *Web) deleteUser(v *visit) (*answer, error) {
	a, err := w.administer(v, "delete", "", func(access auth.Secret, id string) error {
		user, _, err := w.Auth.LookUp(v.r.Context(), access, id, v.client)
		switch {
		case err != nil:
			return err
		case !auth.SameEmail(v.field("confirm", auth.MaxEmailLength), user.Email):
			return &auth.Error{Code: mistyped}
		}
		return w.Auth.DeleteUser(v.r.Context(), access, id, auth.Proof{}, v.client)
	})
	if err != nil || a.location == "" {
		return a, err
	}
	return goOn("/admin/users?saved=deleted")
}
