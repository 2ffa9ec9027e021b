// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) groupsPages() []page {
	return []page{
		{"GET /admin/groups", request.RateRead, w.showGroups},
		{"POST /admin/groups", request.RateChange, w.createGroup},
	}
}

// groupsPage is a list of groups and the form for a new one. Name is what was typed
// into it.
type groupsPage struct {
	Groups []group.Group
	paging
	Saved, Name string
	// Wrong names the field that was refused, and Refused says why.
	Wrong   string
	Refused auth.Code
}

func (w *Web) showGroups(req *pageRequest) (*response, error) {
	return w.groups(req, groupsPage{Saved: req.saved([]string{"deleted"})})
}

func (w *Web) groups(req *pageRequest, p groupsPage) (*response, error) {
	p.paging = req.paging()
	err := w.signedIn(req, func(access auth.Secret) error {
		groups, more, err := w.Groups.List(req.r.Context(), access, req.r.URL.Query().Get("before"), perPage, req.client)
		p.Groups = groups
		if more {
			p.setNext(groups[len(groups)-1].Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a := &response{template: "groups", data: p}
	if p.Refused != "" {
		a.status = problem.PageStatus(p.Refused)
	}
	return a, nil
}

func (w *Web) createGroup(req *pageRequest) (*response, error) {
	name, created := req.field("name", maxName), group.Group{}
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		created, err = w.Groups.Create(req.r.Context(), access, name, req.client)
		return err
	})
	if err == nil {
		return seeOther("/admin/groups/" + created.ID + "?saved=created")
	}
	if e, ok := groupRefusal(err); ok {
		return w.groups(req, groupsPage{Name: name, Wrong: "name", Refused: e.Code})
	}
	return nil, err
}

// groupRefusal is a refusal of a group's name, in words about that.
func groupRefusal(err error) (*auth.Error, bool) {
	e, ok := refusal(err)
	switch {
	case ok && e.Code == auth.InvalidRequest:
		return invalid("group"), true
	default:
		return e, ok && e.Code == auth.GroupExists
	}
}

// MaxGroupName is how long a name may be, for forms.
func (groupsPage) MaxGroupName() int { return realmconfig.MaxGroupName }
