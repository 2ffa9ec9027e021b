// SPDX-License-Identifier: Apache-2.0

package request

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

var (
	ann      = auth.Subject{UserID: "ann", SessionID: "one"}
	decision = Decision{
		ID: "1", Scopes: []string{"email", "openid"}, Resources: []string{"https://notes.example.com"}, ClientSince: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Application: "Shop",
		AskedAt: time.Date(2026, 2, 2, 3, 4, 5, 0, time.UTC),
	}
)

func TestADecisionIsOfWhatWasAsked(t *testing.T) {
	t.Parallel()
	j := journeys(1)
	sealed, err := j.SealDecision(decision, "journey", ann)
	if err != nil || strings.ContainsAny(sealed, "+/=&?") {
		t.Fatalf("%q, %v", sealed, err)
	}
	if got, ok := j.OpenDecision(sealed, "journey", ann); !ok || !reflect.DeepEqual(got, decision) {
		t.Errorf("opened as %+v, %t", got, ok)
	}
	for name, open := range map[string]func() (Decision, bool){
		"on another journey": func() (Decision, bool) { return j.OpenDecision(sealed, "another", ann) },
		"as another user": func() (Decision, bool) {
			return j.OpenDecision(sealed, "journey", auth.Subject{UserID: "bob", SessionID: "one"})
		},
		"in another session": func() (Decision, bool) {
			return j.OpenDecision(sealed, "journey", auth.Subject{UserID: "ann", SessionID: "two"})
		},
		"at another realm": func() (Decision, bool) { return journeys(2).OpenDecision(sealed, "journey", ann) },
	} {
		if _, ok := open(); ok {
			t.Errorf("%s it is opened", name)
		}
	}
	journey, err := j.Seal(Journey{Query: "a=b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := j.OpenDecision(journey, "journey", ann); ok {
		t.Error("a journey is opened as a decision")
	}
	if _, ok := j.Open(sealed); ok {
		t.Error("a decision is opened as a journey")
	}
	if _, err := j.SealDecision(Decision{Application: strings.Repeat("x", maxDecision)}, "journey", ann); err == nil {
		t.Error("one of any length is sealed")
	}
}

func FuzzDecision(f *testing.F) {
	j := journeys(1)
	sealed, err := j.SealDecision(decision, "journey", ann)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{sealed, sealed[1:], sealed + "A", "", "noise", "=", strings.Repeat("A", 20_000)} {
		f.Add(seed, "journey")
	}
	f.Add(sealed, "one journey")
	f.Fuzz(func(t *testing.T, text, journey string) {
		if got, ok := j.OpenDecision(text, journey, ann); ok && (journey != "journey" || !reflect.DeepEqual(got, decision)) {
			t.Errorf("%q is opened as %+v on %q", text, got, journey)
		}
	})
}
