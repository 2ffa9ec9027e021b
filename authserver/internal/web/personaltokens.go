// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) personalTokenPages() []page {
	return []page{
		{"GET /account/tokens/new", request.RateRead, w.showNewToken},
		{"POST /account/tokens", request.RateCode, w.requireProof(w.makeToken)},
		{"POST /account/tokens/{id}/end", request.RateChange, w.endToken},
		{"POST /admin/users/{id}/tokens/{token}/end", request.RateChange, w.endTokenOfUser},
	}
}

const (
	// maxClientID is a namespace, a dot, and a name, in bytes.
	maxClientID = 317
	dayLong     = 24 * time.Hour
)

// newTokenPage is the form for a token. Wrong names the field that was refused.
type newTokenPage struct {
	form
	personaltoken.Application
	TokenName string
	// Chosen are the scopes that the token shall have.
	Chosen []string
	// Days are for how many it may be good, and For how many were chosen.
	Days  []int
	For   int
	Wrong string
	// Account is the name of the service account whose it will be; empty for a user's own.
	Account string
	// Back is the page that whoever makes one comes from.
	Back string
}

// Has reports whether a scope was chosen.
func (p newTokenPage) Has(scope string) bool { return slices.Contains(p.Chosen, scope) }

// lifetimes are choices of days, up to the longest that there may be.
func lifetimes(longest time.Duration) []int {
	most := int(longest / dayLong)
	days := slices.DeleteFunc([]int{7, 30, 90, 180, 365}, func(d int) bool { return d >= most })
	return append(days, most)
}

// usualDays are chosen for those who do not choose.
const usualDays = 30

// newToken is the form for an application of which the visitor may make a token.
func (w *Web) newToken(req *pageRequest, clientID string) (newTokenPage, error) {
	p, err := w.newTokenFor(req, clientID, func(access auth.Secret) ([]personaltoken.Application, time.Duration, error) {
		return w.PersonalTokens.Applications(req.r.Context(), access)
	})
	p.Back = "/account"
	return p, err
}

// newTokenFor is the form for one of the applications that there are to choose from.
func (w *Web) newTokenFor(req *pageRequest, clientID string, applications func(access auth.Secret) ([]personaltoken.Application, time.Duration, error)) (newTokenPage, error) {
	p := newTokenPage{}
	err := w.signedIn(req, func(access auth.Secret) error {
		list, longest, err := applications(access)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(a personaltoken.Application) bool { return a.ClientID == clientID })
		if i < 0 {
			return auth.Refuse(auth.PersonalTokenRefused)
		}
		p.Application, p.Days = list[i], lifetimes(longest)
		p.For = min(usualDays, p.Days[len(p.Days)-1])
		return nil
	})
	return p, err
}

func (w *Web) showNewToken(req *pageRequest) (*response, error) {
	query := req.r.URL.Query()
	p, err := w.newToken(req, query.Get("client"))
	if err != nil {
		return nil, err
	}
	return show("new-token", p)
}

// madeTokenPage shows a token, which nobody can later.
type madeTokenPage struct {
	personaltoken.Listed
	Secret string
	// Account and Back are those of the form.
	Account, Back string
}

func (w *Web) makeToken(req *pageRequest) (*response, error) {
	p, err := w.newToken(req, req.field("client", maxClientID))
	if err != nil {
		return nil, err
	}
	return w.makeTokenBy(req, p, func(access auth.Secret, n personaltoken.New) (personaltoken.Listed, auth.Secret, error) {
		return w.PersonalTokens.Make(req.r.Context(), access, n, signin.Proof{}, req.client)
	})
}

// makeTokenBy shows what it has made at once: a redirect would have to keep it somewhere.
func (w *Web) makeTokenBy(req *pageRequest, p newTokenPage, do func(access auth.Secret, n personaltoken.New) (personaltoken.Listed, auth.Secret, error)) (*response, error) {
	p.TokenName, p.Chosen = req.field("name", maxName), req.r.PostForm["scope"]
	p.For, _ = strconv.Atoi(req.field("days", 8))
	made := madeTokenPage{Account: p.Account, Back: p.Back}
	err := w.signedIn(req, func(access auth.Secret) error {
		listed, secret, err := do(access, personaltoken.New{
			Name: p.TokenName, ClientID: p.ClientID, Scopes: p.Chosen, Lifetime: time.Duration(p.For) * dayLong,
		})
		made.Listed, made.Secret = listed, string(secret)
		return err
	})
	e, ok := formRefusal(err)
	switch {
	case err == nil:
		return show("made-token", made)
	case !ok:
		return nil, err
	case e.Code == auth.InvalidRequest && len(e.Fields) > 0:
		p.Wrong = e.Fields[0].Field
		if e = invalid(p.Wrong); p.Wrong == "name" {
			e = invalid("token_name")
		}
	}
	p.form = p.refusedBy(e)
	return &response{template: "new-token", status: problem.PageStatus(e.Code), data: p}, nil
}

func (w *Web) endToken(req *pageRequest) (*response, error) {
	return w.change(req, "tokens", func(access auth.Secret) error {
		return w.PersonalTokens.End(req.r.Context(), access, req.r.PathValue("id"), req.client)
	})
}

func (w *Web) endTokenOfUser(req *pageRequest) (*response, error) {
	return w.administer(req, "tokens", "tokens", func(access auth.Secret, id string) error {
		return w.PersonalTokens.EndOf(req.r.Context(), access, id, req.r.PathValue("token"), req.client)
	})
}
