// SPDX-License-Identifier: Apache-2.0

package web

import (
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (w *Web) serviceAccountsPages() []page {
	return []page{
		{"GET /admin/service-accounts", request.RateRead, w.showServiceAccounts},
		{"POST /admin/service-accounts", request.RateChange, w.createServiceAccount},
	}
}

// serviceAccountsPage is a list of service accounts and the form for a new one. Name and
// Description are what was typed into it.
type serviceAccountsPage struct {
	Accounts []auth.ServiceAccount
	paging
	Saved, Name, Description string
	// Wrong names the field that was refused, and Refused says why.
	Wrong   string
	Refused auth.Code
	// Off is set where the realm has no tokens for them.
	Off bool
}

// MaxName and MaxDescription are how long these may be, for forms.
func (serviceAccountsPage) MaxName() int        { return auth.MaxServiceAccountName }
func (serviceAccountsPage) MaxDescription() int { return auth.MaxServiceAccountDescription }

func (w *Web) showServiceAccounts(req *pageRequest) (*response, error) {
	return w.serviceAccounts(req, serviceAccountsPage{Saved: req.saved([]string{"deleted"})})
}

func (w *Web) serviceAccounts(req *pageRequest, p serviceAccountsPage) (*response, error) {
	p.paging, p.Off = req.paging(), w.Settings().PersonalAccessTokens == nil
	err := w.signedIn(req, func(access auth.Secret) error {
		list, more, err := w.ServiceAccounts.List(req.r.Context(), access, req.r.URL.Query().Get("before"), perPage, req.client)
		p.Accounts = list
		if more {
			p.setNext(list[len(list)-1].Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a := &response{template: "service-accounts", data: p}
	if p.Refused != "" {
		a.status = problem.PageStatus(p.Refused)
	}
	return a, nil
}

func (w *Web) createServiceAccount(req *pageRequest) (*response, error) {
	p, created := serviceAccountsPage{Name: req.field("name", maxName), Description: req.field("description", auth.MaxServiceAccountDescription)}, auth.ServiceAccount{}
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		created, err = w.ServiceAccounts.Create(req.r.Context(), access, p.Name, p.Description, req.client)
		return err
	})
	if err == nil {
		return seeOther(serviceAccountAddress(created.ID) + "?saved=created")
	}
	e, ok := serviceAccountRefusal(err)
	if !ok {
		return nil, err
	}
	p.Wrong, p.Refused = "name", e.Code
	if e.Code == invalid("description").Code {
		p.Wrong = "description"
	}
	return w.serviceAccounts(req, p)
}

// serviceAccountRefusal is a refusal of what stands in a form about one, in words about that.
func serviceAccountRefusal(err error) (*auth.Error, bool) {
	e, ok := refusal(err)
	switch {
	case !ok:
		return nil, false
	case e.Code == auth.InvalidRequest && len(e.Fields) > 0 && e.Fields[0].Field == "name":
		return invalid("account_name"), true
	case e.Code == auth.InvalidRequest && len(e.Fields) > 0 && e.Fields[0].Field == "description":
		return invalid("description"), true
	case e.Code == auth.InvalidRequest && len(e.Fields) > 0 && e.Fields[0].Field == "group":
		return invalid("group_unknown"), true
	default:
		return e, e.Code == auth.ServiceAccountExists || e.Code == auth.TooManyServiceAccounts
	}
}

func serviceAccountAddress(id string) string { return "/admin/service-accounts/" + id }
