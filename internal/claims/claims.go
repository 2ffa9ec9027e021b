// SPDX-License-Identifier: Apache-2.0

// Package claims makes what tokens say of people out of expressions in CEL, the Common
// Expression Language: the operator proves them by their examples, and auth servers make
// tokens with them, by the same rules.
//
// An expression is a pure function: it knows the person, their groups, their identities and
// the client, and neither time nor chance nor anything outside. Whoever writes one may be
// hostile to the realm, and whoever it is about may have chosen their name for it: what it
// costs is bounded when it is written, and again whenever it is evaluated.
package claims

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Set is the claims of a realm or of a client. It is immutable, and nil is one without claims.
type Set struct {
	claims []claim
	// reads is what one of them asks for.
	reads Reads
	// in has, by place, those that are said there.
	in map[realmconfig.ClaimPlace]*Set
}

// claim is one that can be evaluated.
type claim struct {
	name    string
	program cel.Program
	reads   Reads
}

// Reads says what has to be known about people.
type Reads struct {
	Groups, Identities bool
	// Profile and Email are set where it reads what the scopes of these names stand for
	// (OpenID Connect Core 1.0, section 5.4).
	Profile, Email bool
}

func (r Reads) and(o Reads) Reads {
	return Reads{r.Groups || o.Groups, r.Identities || o.Identities, r.Profile || o.Profile, r.Email || o.Email}
}

// Compile returns the set of those that can be used, and says why others cannot, one line for
// each: it quotes no more than names and expressions.
func (l *Language) Compile(list []realmconfig.Claim) (*Set, error) {
	set, budget, problems := &Set{in: map[realmconfig.ClaimPlace]*Set{}}, uint64(MaxCost), []error{}
	for _, c := range list {
		compiled, cost, err := l.compile(c.Name, c.Expression)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("claim %q: %w", c.Name, err))
			continue
		case cost > budget:
			problems = append(problems, fmt.Errorf("claim %q: with those before it, it could cost more than the %d that all claims together may", c.Name, uint64(MaxCost)))
			continue
		}
		budget -= cost
		set.add(compiled)
		for _, place := range realmconfig.ClaimPlaces() {
			if c.SaidIn(place) {
				set.within(place).add(compiled)
			}
		}
	}
	return set, errors.Join(problems...)
}

func (s *Set) within(place realmconfig.ClaimPlace) *Set {
	if s.in[place] == nil {
		s.in[place] = &Set{}
	}
	return s.in[place]
}

func (s *Set) add(c claim) { s.claims, s.reads = append(s.claims, c), s.reads.and(c.reads) }

// In is the set of those that are said in a place, nil for none.
func (s *Set) In(place realmconfig.ClaimPlace) *Set {
	if s == nil {
		return nil
	}
	return s.in[place]
}

// Reads is what has to be known of people to evaluate the set.
func (s *Set) Reads() Reads {
	if s == nil {
		return Reads{}
	}
	return s.reads
}

// LeftOut is a claim that is not said, and why.
type LeftOut struct {
	Name string
	Why  Reason
	// Err may quote what is known of the person: it is for nobody but who has written that.
	Err error
}

// Reason is why a claim is not said.
type Reason string

const (
	// Failed is of an expression that came to nothing, such as the first of no groups.
	Failed Reason = "failed"
	// TooCostly is of one that was ended, and TooLarge of one whose value, or what it was made
	// of, would have had no room in a token.
	TooCostly Reason = "too_costly"
	TooLarge  Reason = "too_large"
)

// Evaluate says the claims of the set about somebody: each as JSON. What is null, or an
// optional without a value, is left out and no matter; what could not be made is left out too,
// and told.
func (s *Set) Evaluate(about Facts) (map[string]json.RawMessage, []LeftOut) {
	if s == nil || len(s.claims) == 0 {
		return nil, nil
	}
	said, leftOut, room, facts := map[string]json.RawMessage{}, []LeftOut(nil), maxSaid, about.activation()
	for _, c := range s.claims {
		value, err := c.evaluate(facts)
		if err == nil && len(value) > room {
			err = fmt.Errorf("the claims are longer than %d bytes together: %w", maxSaid, errTooLarge)
		}
		switch {
		case err != nil:
			leftOut = append(leftOut, LeftOut{c.name, reasonOf(err), err})
		case value != nil:
			said[c.name] = value
			room -= len(value)
		}
	}
	return said, leftOut
}

// evaluate is nil where there is nothing to say.
func (c claim) evaluate(facts map[string]any) (json.RawMessage, error) {
	value, _, err := c.program.Eval(facts)
	if err != nil {
		return nil, err
	}
	return encode(value)
}
