// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (w *Web) requiredPages() []page {
	return []page{
		{"GET /admin/required-factors", request.RateRead, w.showRequiredFactors},
		{"GET /admin/required-passwords", request.RateRead, w.showRequiredPasswords},
	}
}

// requiredPage is whom a requirement concerns, and how far that has come.
type requiredPage struct {
	requirement.Query
	Kind requirement.Kind
	// Enforcement is empty where nothing is required; Count is nil until people have been counted.
	Enforcement realmconfig.Enforcement
	Count       *realmconfig.RequirementReport
	States      []requirement.State
	People      []requirement.Person
	paging
}

// reading reads a page of people for an admin.
type reading func(context.Context, auth.Secret, requirement.Query, auth.Client) (requirement.Page, error)

func (w *Web) showRequiredFactors(req *pageRequest) (*response, error) {
	p := requiredPage{Kind: requirement.Factors, States: []requirement.State{requirement.Without, requirement.Told, requirement.Stopped, requirement.Met}}
	if required := w.Settings().TwoFactor.Required; required != nil {
		p.Enforcement = required.Enforcement
	}
	return w.showRequired(req, p, w.Requirements.PeopleWithoutFactors)
}

func (w *Web) showRequiredPasswords(req *pageRequest) (*response, error) {
	p := requiredPage{Kind: requirement.Passwords, States: []requirement.State{requirement.Without, requirement.Told, requirement.Stopped}}
	if existing := w.Settings().Passwords.Existing; existing != nil {
		p.Enforcement = existing.Enforcement
	}
	return w.showRequired(req, p, w.Requirements.PeopleWithWeakPasswords)
}

func (w *Web) showRequired(req *pageRequest, p requiredPage, read reading) (*response, error) {
	query := req.r.URL.Query()
	p.paging, p.Group, p.Limit = req.paging(), truncate(query.Get("group"), realmconfig.MaxGroupName), perPage
	if state := requirement.State(query.Get("state")); slices.Contains(p.States, state) {
		p.State = state
	}
	if before := query.Get("before"); auth.IsID(before) {
		p.After = before
	}
	err := w.signedIn(req, func(access auth.Secret) error {
		found, err := read(req.r.Context(), access, p.Query, req.client)
		p.People = found.People
		if found.Next != "" {
			p.setNext(found.Next)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if counted, found := w.Requirements.Reports()[string(p.Kind)]; found {
		p.Count = &counted
	}
	return show("required-people", p)
}

// Path is the page's own.
func (p requiredPage) Path() string { return "/admin/required-" + string(p.Kind) }

// Words is a key of those that are different for each requirement.
func (p requiredPage) Words(key string) string { return "required." + string(p.Kind) + "." + key }

// GroupQuery is the address of those of a group who do not meet the requirement.
func (p requiredPage) GroupQuery(group string) string {
	return p.Path() + "?" + url.Values{"group": {group}}.Encode()
}
