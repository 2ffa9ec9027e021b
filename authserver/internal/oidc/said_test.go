// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// reads counts what is asked of stores.
type reads struct{ groups, identities, languages int }

func newSayingService(realm []realmconfig.Claim) (*Service, *reads) {
	asked := &reads{}
	return &Service{Deps: Deps{
		Realm: auth.Realm{Settings: func() realmconfig.Config { return realmconfig.Config{Claims: realm} }, Log: slog.New(slog.DiscardHandler)},
		Groups: func(context.Context, string) ([]string, error) {
			asked.groups++
			return []string{"ops"}, nil
		},
		Identities: func(context.Context, string) ([]claims.Identity, error) {
			asked.identities++
			return nil, nil
		},
		Language: func() (*claims.Language, error) {
			asked.languages++
			return claims.New()
		},
	}}, asked
}

// Whoever has no claims pays nothing for those of others, and nobody for what no expression
// reads.
func TestOnlyWhatClaimsReadIsAskedFor(t *testing.T) {
	t.Parallel()
	one := func(expression string, in ...realmconfig.ClaimPlace) []realmconfig.Claim {
		return []realmconfig.Claim{{Name: "a", Expression: expression, In: in}}
	}
	for name, c := range map[string]struct {
		realm, client []realmconfig.Claim
		want          reads
		said          string
	}{
		"no claims":                     {nil, nil, reads{}, "map[]"},
		"of the user alone":             {one(`user.id`), nil, reads{languages: 1}, `map[a:"1"]`},
		"of groups, in another place":   {one(`groups`, realmconfig.InUserInfo), nil, reads{languages: 1}, "map[]"},
		"of groups":                     {one(`groups`), nil, reads{groups: 1, languages: 1}, `map[a:["ops"]]`},
		"of groups, for the client":     {one(`user.id`), one(`size(groups)`), reads{groups: 1, languages: 2}, `map[a:1]`},
		"of identities, for the client": {nil, one(`size(identities)`), reads{identities: 1, languages: 1}, `map[a:0]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, asked := newSayingService(c.realm)
			client := realmconfig.Client{ID: "apps.shop", Claims: c.client}
			who := &person{User: auth.User{ID: "1"}}
			for range 3 { // documents are compiled once, and a person is read once
				said, err := s.said(t.Context(), realmconfig.InIDToken, client, []string{client.ID}, who)
				if text := fmt.Sprintf("%s", said); err != nil || text != c.said {
					t.Fatalf("says %s, %v; want %s", text, err, c.said)
				}
			}
			if *asked != c.want {
				t.Errorf("asked %+v, want %+v", *asked, c.want)
			}
		})
	}
}

// Nobody declares a claim by which introspection, or whoever reads it as an access token, says
// something else.
func TestNobodyDeclaresWhatIntrospectionTells(t *testing.T) {
	t.Parallel()
	told := reflect.TypeFor[introspection]()
	for i := range told.NumField() {
		name, _, _ := strings.Cut(told.Field(i).Tag.Get("json"), ",")
		if !realmconfig.IsReservedClaim(name) {
			t.Errorf("%q can be declared", name)
		}
	}
}

// Whoever changes a client again and again does not fill the memory of pods: nothing is kept of
// what it was before.
func TestOneListOfClaimsIsKeptOfAClient(t *testing.T) {
	t.Parallel()
	s, asked := newSayingService(nil)
	lists := [][]realmconfig.Claim{{{Name: "a", Expression: "1"}}, {{Name: "a", Expression: "2"}}}
	for turn, i := range []int{0, 0, 1, 1, 0} {
		client := realmconfig.Client{ID: "apps.shop", Claims: lists[i]}
		said, err := s.said(t.Context(), realmconfig.InIDToken, client, []string{client.ID}, &person{})
		if want := lists[i][0].Expression; err != nil || string(said["a"]) != want {
			t.Errorf("in turn %d, says %s, %v; want %s", turn, said, err, want)
		}
	}
	if asked.languages != 3 {
		t.Errorf("claims are compiled %d times", asked.languages)
	}
}

// A store that does not answer is an outage, and no claim that is left out: tokens without a
// group would take away what somebody may do.
func TestAnOutageIsNoClaimLeftOut(t *testing.T) {
	t.Parallel()
	s, _ := newSayingService([]realmconfig.Claim{{Name: "a", Expression: "size(groups)"}})
	down := errors.New("down")
	s.Groups = func(context.Context, string) ([]string, error) { return nil, down }
	if said, err := s.said(t.Context(), realmconfig.InIDToken, realmconfig.Client{ID: "apps.shop"}, nil, &person{}); !errors.Is(err, down) {
		t.Errorf("says %v, %v", said, err)
	}
}

func BenchmarkSaid(b *testing.B) {
	for name, realm := range map[string][]realmconfig.Claim{
		"without claims": nil, "a role": {{Name: "a", Expression: `'ops' in groups ? 'Admin' : 'Viewer'`}},
	} {
		b.Run(name, func(b *testing.B) {
			s, _ := newSayingService(realm)
			client := realmconfig.Client{ID: "apps.shop"}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.said(b.Context(), realmconfig.InIDToken, client, []string{client.ID}, &person{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
