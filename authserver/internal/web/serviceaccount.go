// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) serviceAccountPages() []page {
	const one = "/admin/service-accounts/{id}"
	return []page{
		{"GET " + one, request.RateRead, w.showServiceAccount},
		{"POST " + one, request.RateChange, w.describeServiceAccount},
		{"POST " + one + "/disable", request.RateChange, w.disableServiceAccount},
		{"POST " + one + "/enable", request.RateCode, w.requireProof(w.enableServiceAccount)},
		{"POST " + one + "/groups", request.RateCode, w.requireProof(w.joinServiceAccount)},
		{"POST " + one + "/groups/{group}/leave", request.RateChange, w.leaveServiceAccount},
		{"POST " + one + "/delete", request.RateCode, w.requireProof(w.deleteServiceAccount)},
		{"GET " + one + "/tokens/new", request.RateRead, w.showNewAccountToken},
		{"POST " + one + "/tokens", request.RateCode, w.requireProof(w.makeAccountToken)},
		{"POST " + one + "/tokens/{token}/end", request.RateChange, w.endAccountToken},
	}
}

// serviceAccountPage is what an admin sees of a service account and can do to it. Section
// names the form that was refused.
type serviceAccountPage struct {
	form
	Section, Saved string
	Account        auth.ServiceAccount
	Groups         []group.Membership
	// Group is what was typed, Description what it shall be described by.
	Group, Description string
	Tokens             []personaltoken.Listed
	TokenApplications  []personaltoken.Application
	// Emails are those of the admins who have made the account and its tokens.
	Emails map[string]admin.Address
	// Off is set where the realm has no tokens for service accounts.
	Off bool
}

// Refuses reports whether the form of a section was refused.
func (p serviceAccountPage) Refuses(section string) bool {
	return p.Refused != "" && p.Section == section
}

// MaxDescription and MaxGroupName are how long these may be, for forms.
func (serviceAccountPage) MaxDescription() int { return auth.MaxServiceAccountDescription }
func (serviceAccountPage) MaxGroupName() int   { return realmconfig.MaxGroupName }

func (w *Web) showServiceAccount(req *pageRequest) (*response, error) {
	return w.serviceAccount(req, serviceAccountPage{Saved: req.saved([]string{"created", "described", "disabled", "enabled", "added", "removed", "ended"})})
}

func (w *Web) serviceAccount(req *pageRequest, p serviceAccountPage) (*response, error) {
	ctx, id := req.r.Context(), req.r.PathValue("id")
	p.Off = w.Settings().PersonalAccessTokens == nil
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		if p.Account, err = w.ServiceAccounts.Get(ctx, access, id, req.client); err != nil {
			return err
		}
		if p.Groups, err = w.ServiceAccounts.Groups(ctx, access, id, req.client); err != nil {
			return err
		}
		if p.Tokens, err = w.PersonalTokens.ListFor(ctx, access, id, req.client); err != nil {
			return err
		}
		if p.TokenApplications, _, err = w.PersonalTokens.ApplicationsFor(ctx, access, id, req.client); err != nil {
			return err
		}
		makers := []string{p.Account.CreatedBy}
		for _, t := range p.Tokens {
			makers = append(makers, t.MadeBy)
		}
		p.Emails, err = w.Admin.Emails(ctx, access, makers, req.client)
		return err
	})
	if err != nil {
		return nil, err
	}
	a := &response{template: "service-account", data: p}
	if p.Refused != "" {
		a.status = http.StatusBadRequest
	}
	return a, nil
}

// changeAccount does something to the service account of the address, and shows what it is
// now or why it was refused.
func (w *Web) changeAccount(req *pageRequest, p serviceAccountPage, done string, do func(access auth.Secret, id string) error) (*response, error) {
	id := req.r.PathValue("id")
	err := w.signedIn(req, func(access auth.Secret) error { return do(access, id) })
	if err == nil {
		return seeOther(serviceAccountAddress(id) + "?saved=" + done)
	}
	e, ok := serviceAccountRefusal(err)
	if !ok {
		e, ok = formRefusal(err)
	}
	if !ok || slices.Contains([]auth.Code{auth.PermissionDenied, auth.NotFound}, e.Code) {
		return nil, err
	}
	p.form = form{}.refusedBy(e)
	return w.serviceAccount(req, p)
}

func (w *Web) describeServiceAccount(req *pageRequest) (*response, error) {
	description := req.field("description", auth.MaxServiceAccountDescription)
	return w.changeAccount(req, serviceAccountPage{Section: "account", Description: description}, "described", func(access auth.Secret, id string) error {
		_, err := w.ServiceAccounts.Change(req.r.Context(), access, id, serviceaccount.Change{Description: &description}, signin.Proof{}, req.client)
		return err
	})
}

func (w *Web) disableServiceAccount(req *pageRequest) (*response, error) {
	return w.setAccountDisabled(req, true, "disabled")
}

func (w *Web) enableServiceAccount(req *pageRequest) (*response, error) {
	return w.setAccountDisabled(req, false, "enabled")
}

func (w *Web) setAccountDisabled(req *pageRequest, disabled bool, done string) (*response, error) {
	return w.changeAccount(req, serviceAccountPage{Section: "access"}, done, func(access auth.Secret, id string) error {
		_, err := w.ServiceAccounts.Change(req.r.Context(), access, id, serviceaccount.Change{Disabled: &disabled}, signin.Proof{}, req.client)
		return err
	})
}

func (w *Web) joinServiceAccount(req *pageRequest) (*response, error) {
	name := req.field("group", realmconfig.MaxGroupName)
	return w.changeAccount(req, serviceAccountPage{Section: "groups", Group: name}, "added", func(access auth.Secret, id string) error {
		return w.ServiceAccounts.JoinByName(req.r.Context(), access, id, name, signin.Proof{}, req.client)
	})
}

func (w *Web) leaveServiceAccount(req *pageRequest) (*response, error) {
	return w.changeAccount(req, serviceAccountPage{Section: "groups"}, "removed", func(access auth.Secret, id string) error {
		return w.ServiceAccounts.Leave(req.r.Context(), access, id, req.r.PathValue("group"), req.client)
	})
}

// wrongServiceAccount is a confirmation that does not name the service account.
const wrongServiceAccount auth.Code = "account_confirmation_wrong"

// deleteServiceAccount wants the name typed, so that nobody deletes what they only clicked on.
func (w *Web) deleteServiceAccount(req *pageRequest) (*response, error) {
	a, err := w.changeAccount(req, serviceAccountPage{Section: "delete"}, "", func(access auth.Secret, id string) error {
		account, err := w.ServiceAccounts.Get(req.r.Context(), access, id, req.client)
		switch {
		case err != nil:
			return err
		case req.field("confirm", auth.MaxEmailLength) != account.Name:
			return &auth.Error{Code: wrongServiceAccount}
		}
		return w.ServiceAccounts.Delete(req.r.Context(), access, id, signin.Proof{}, req.client)
	})
	if err != nil || a.location == "" {
		return a, err
	}
	return seeOther("/admin/service-accounts?saved=deleted")
}

func (w *Web) endAccountToken(req *pageRequest) (*response, error) {
	return w.changeAccount(req, serviceAccountPage{Section: "tokens"}, "ended", func(access auth.Secret, id string) error {
		return w.PersonalTokens.EndFor(req.r.Context(), access, id, req.r.PathValue("token"), req.client)
	})
}
