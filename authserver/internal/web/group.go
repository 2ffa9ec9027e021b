// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) groupPages() []page {
	return []page{
		{"GET /admin/groups/{id}", request.RateRead, w.showGroup},
		{"POST /admin/groups/{id}", request.RateCode, w.requireProof(w.renameGroup)},
		{"POST /admin/groups/{id}/members", request.RateCode, w.requireProof(w.addMember)},
		{"POST /admin/groups/{id}/members/remove", request.RateChange, w.removeMember},
		{"POST /admin/groups/{id}/delete", request.RateCode, w.requireProof(w.deleteGroup)},
	}
}

// groupPage is what an admin sees of a group and can do to it. Section names the form
// that was refused.
type groupPage struct {
	form
	Section, Saved string
	Group          group.Group
	// Name is what it shall be called.
	Name    string
	Members []group.Member
	// ServiceAccounts are all that are in it.
	ServiceAccounts []auth.ServiceAccount
	paging
}

// Refuses reports whether the form of a section was refused.
func (p groupPage) Refuses(section string) bool { return p.Refused != "" && p.Section == section }

// MaxGroupName is how long a name may be, for forms.
func (groupPage) MaxGroupName() int { return realmconfig.MaxGroupName }

func (w *Web) showGroup(req *pageRequest) (*response, error) {
	return w.group(req, groupPage{Saved: req.saved([]string{"created", "renamed", "added", "removed"})})
}

func (w *Web) group(req *pageRequest, p groupPage) (*response, error) {
	p.paging = req.paging()
	before := req.r.URL.Query().Get("before")
	if !auth.IsID(before) {
		before = ""
	}
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		more := false
		p.Group, p.Members, more, err = w.Groups.Members(req.r.Context(), access, req.r.PathValue("id"), before, perPage, req.client)
		if more {
			p.setNext(p.Members[len(p.Members)-1].User.ID)
		}
		if err == nil {
			p.ServiceAccounts, _, err = w.ServiceAccounts.In(req.r.Context(), access, p.Group.ID, "", serviceaccount.Most, req.client)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a := &response{template: "group", data: p}
	if p.Refused != "" {
		a.status = http.StatusBadRequest
	}
	return a, nil
}

// changeGroup does something to the group of the address, and shows what it is now or
// why it was refused.
func (w *Web) changeGroup(req *pageRequest, p groupPage, done string, do func(access auth.Secret, id string) error) (*response, error) {
	id := req.r.PathValue("id")
	err := w.signedIn(req, func(access auth.Secret) error { return do(access, id) })
	if err == nil {
		return seeOther("/admin/groups/" + id + "?saved=" + done)
	}
	e, ok := groupRefusal(err)
	if !ok {
		e, ok = formRefusal(err)
	}
	if !ok || slices.Contains([]auth.Code{auth.PermissionDenied, auth.NotFound}, e.Code) {
		return nil, err
	}
	email := p.Email
	p.form = form{}.refusedBy(e)
	p.Email = email
	return w.group(req, p)
}

func (w *Web) renameGroup(req *pageRequest) (*response, error) {
	name := req.field("name", maxName)
	return w.changeGroup(req, groupPage{Section: "name", Name: name}, "renamed", func(access auth.Secret, id string) error {
		_, err := w.Groups.Rename(req.r.Context(), access, id, name, signin.Proof{}, req.client)
		return err
	})
}

func (w *Web) addMember(req *pageRequest) (*response, error) {
	email := req.field("email", auth.MaxEmailLength)
	p := groupPage{Section: "members"}
	p.Email = email
	return w.changeGroup(req, p, "added", func(access auth.Secret, id string) error {
		return w.Groups.AddMemberByEmail(req.r.Context(), access, id, email, signin.Proof{}, req.client)
	})
}

func (w *Web) removeMember(req *pageRequest) (*response, error) {
	return w.changeGroup(req, groupPage{Section: "members"}, "removed", func(access auth.Secret, id string) error {
		return w.Groups.RemoveMember(req.r.Context(), access, id, req.field("user", maxID), req.client)
	})
}

// maxID bounds an id in a form, in bytes.
const maxID = 36

// deleteGroup wants the name typed, so that nobody deletes what they only clicked on.
func (w *Web) deleteGroup(req *pageRequest) (*response, error) {
	a, err := w.changeGroup(req, groupPage{Section: "delete"}, "", func(access auth.Secret, id string) error {
		g, err := w.Groups.Get(req.r.Context(), access, id, req.client)
		switch {
		case err != nil:
			return err
		case req.field("confirm", auth.MaxEmailLength) != g.Name:
			return &auth.Error{Code: wrongGroup}
		}
		return w.Groups.Delete(req.r.Context(), access, id, signin.Proof{}, req.client)
	})
	if err != nil || a.location == "" {
		return a, err
	}
	return seeOther("/admin/groups?saved=deleted")
}

// wrongGroup is a confirmation that does not name the group.
const wrongGroup auth.Code = "group_confirmation_wrong"
