// SPDX-License-Identifier: Apache-2.0

package web

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (w *Web) auditPages() []page {
	return []page{
		{"GET /admin/audit", request.RateRead, w.showAudit},
	}
}

// auditPage is a page of the audit log, as far as an admin looks for it. From
// and To are days as forms write them.
type auditPage struct {
	Email, From, To string
	Action          auth.Action
	Actions         []auth.Action
	Events          []event
	// Emails are those of the users whom the events name, ServiceAccounts the names of others.
	Emails          map[string]admin.Address
	ServiceAccounts map[string]string
	paging
	// Wrong names the field that makes no sense, and Refused says why.
	Wrong   string
	Refused auth.Code
}

type event struct{ auth.Event }

// Device is what the event came from, as people call it.
func (e event) Device() string { return auth.Client{UserAgent: e.UserAgent}.Name() }

// Searched reports whether anything narrows the list.
func (p auditPage) Searched() bool {
	return p.Email != "" || p.From != "" || p.To != "" || p.Action != ""
}

func (w *Web) showAudit(req *pageRequest) (*response, error) {
	query := req.r.URL.Query()
	p := auditPage{
		Email: truncate(query.Get("email"), auth.MaxEmailLength), From: truncate(query.Get("from"), len(time.DateOnly)),
		To: truncate(query.Get("to"), len(time.DateOnly)), Actions: req.language.actions(), paging: req.paging(),
	}
	q := admin.EventQuery{Limit: perPage}
	for _, action := range p.Actions {
		if string(action) == query.Get("action") {
			p.Action, q.Action = action, action
		}
	}
	if place, ok := admin.ParseEventCursor(query.Get("before")); ok {
		q.Before = &place
	}
	p.days(&q)
	if p.Wrong == "" && p.Email != "" && !auth.PlausibleLoginName(p.Email) {
		p.Wrong = "email"
	}
	err := w.signedIn(req, func(access auth.Secret) error {
		if p.Wrong != "" {
			return w.requireAdmin(req, access)
		}
		return w.searchAudit(req, access, &p, q)
	})
	switch {
	case err != nil:
		return nil, err
	case p.Wrong != "":
		p.Refused = invalid(p.Wrong).Code
		return refused("audit", p)
	}
	return show("audit", p)
}

// days reads the days between which to look: from the beginning of one to the
// end of the other.
func (p *auditPage) days(q *admin.EventQuery) {
	for _, day := range []struct {
		name, text string
		plus       int
		to         **time.Time
	}{{"from", p.From, 0, &q.From}, {"to", p.To, 1, &q.To}} {
		if day.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, day.text)
		if err != nil {
			p.Wrong = day.name
			continue
		}
		t = t.AddDate(0, 0, day.plus)
		*day.to = &t
	}
}

func (w *Web) searchAudit(req *pageRequest, access auth.Secret, p *auditPage, q admin.EventQuery) error {
	ctx := req.r.Context()
	read := func() ([]auth.Event, bool, error) { return w.Admin.FindEvents(ctx, access, q, req.client) }
	if p.Email != "" {
		read = func() ([]auth.Event, bool, error) { return w.Admin.FindEventsOf(ctx, access, p.Email, q, req.client) }
	}
	events, more, err := read()
	if err != nil {
		return err
	}
	if more {
		last := events[len(events)-1]
		p.setNext(admin.EventCursor{At: last.At, ID: last.ID}.String())
	}
	for _, e := range events {
		p.Events = append(p.Events, event{e})
	}
	named := admin.PeopleIn(events)
	if p.Emails, err = w.Admin.Emails(ctx, access, named, req.client); err != nil {
		return err
	}
	p.ServiceAccounts, err = w.ServiceAccounts.Names(ctx, access, named, req.client)
	return err
}
