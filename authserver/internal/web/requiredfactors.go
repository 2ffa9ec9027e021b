// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) requiredFactorsPages() []page {
	return []page{
		{"GET /admin/required-factors", request.RateRead, w.showRequiredFactors},
	}
}

// requiredFactorsPage is who must have a second factor, and how far that has come.
type requiredFactorsPage struct {
	requirement.Query
	// Required is nil where nobody must; Count is nil until people have been counted.
	Required *realmconfig.RequiredFactors
	Count    *realmconfig.RequirementReport
	States   []requirement.State
	People   []requirement.Person
	paging
}

func (w *Web) showRequiredFactors(req *pageRequest) (*response, error) {
	query := req.r.URL.Query()
	p := requiredFactorsPage{
		Required: w.Settings().TwoFactor.Required, paging: req.paging(),
		States: []requirement.State{requirement.Without, requirement.Told, requirement.Stopped, requirement.Met},
		Query:  requirement.Query{Group: truncate(query.Get("group"), realmconfig.MaxGroupName), Limit: perPage},
	}
	if state := requirement.State(query.Get("state")); slices.Contains(p.States, state) {
		p.State = state
	}
	if before := query.Get("before"); auth.IsID(before) {
		p.After = before
	}
	err := w.signedIn(req, func(access auth.Secret) error {
		found, err := w.Requirements.People(req.r.Context(), access, p.Query, req.client)
		p.People = found.People
		if found.Next != "" {
			p.setNext(found.Next)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if counted, found := w.Requirements.Reports()[realmconfig.FactorsRequirement]; found {
		p.Count = &counted
	}
	return show("required-people", p)
}

// GroupQuery is the address of those of a group who do not meet the requirement.
func (p requiredFactorsPage) GroupQuery(group string) string {
	return "/admin/required-factors?" + url.Values{"group": {group}}.Encode()
}
