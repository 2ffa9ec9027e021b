// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestClassesOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		standing, essential, voluntary, want []string
		refused                              bool
	}{
		"nothing":                         {},
		"a wish":                          {voluntary: []string{"2"}, want: []string{"2"}},
		"what is essential goes before":   {essential: []string{"1"}, voluntary: []string{"2"}, want: []string{"1"}},
		"what is not known, among others": {voluntary: []string{"phr", "2", ""}, want: []string{"2"}},
		"nothing that is known":           {voluntary: []string{"phr", "0"}, refused: true},
		"nothing essential that is known": {essential: []string{"phr"}, voluntary: []string{"2"}, refused: true},
		"what the client has said":        {standing: []string{"2"}, want: []string{"2"}},
		"less than that":                  {standing: []string{"2"}, voluntary: []string{"1"}, want: []string{"1"}},
	} {
		got, err := classesOf(realmconfig.Client{DefaultACRValues: c.standing}, c.essential, c.voluntary)
		if unmet := (*Error)(nil); c.refused != (errors.As(err, &unmet) && unmet.Code == UnmetRequirements) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestMaxAgeOf(t *testing.T) {
	t.Parallel()
	hour := realmconfig.Client{DefaultMaxAge: realmconfig.Duration(time.Hour)}
	for text, want := range map[string]time.Duration{"": time.Hour, "0": 0, "60": time.Minute, "7200": 2 * time.Hour, "4294967295": maxMaxAge * time.Second} {
		if age, err := maxAgeOf(hour, text); err != nil || age == nil || *age != want {
			t.Errorf("%q: %v, %v", text, age, err)
		}
	}
	for _, text := range []string{"-1", "+1", "1.0", " 1", "1e3", "4294967296", "x"} {
		if age, err := maxAgeOf(hour, text); err == nil {
			t.Errorf("%q is %v", text, age)
		}
	}
	if age, err := maxAgeOf(realmconfig.Client{}, ""); age != nil || err != nil {
		t.Errorf("nothing is %v, %v", age, err)
	}
}

// Whatever is asked for, nobody is let through by a class that was not, and nobody asked for one
// that they cannot reach.
func FuzzClasses(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"2", ""}, {"1 2", "2"}, {"phr", ""}, {"2\x00", "3"}, {"22", " 2 "}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, voluntary, essential string) {
		classes, err := classesOf(realmconfig.Client{}, strings.Fields(essential), strings.Fields(voluntary))
		asked := strings.Fields(essential)
		if len(asked) == 0 {
			asked = strings.Fields(voluntary)
		}
		a := authorization{classes: classes}
		switch {
		case err != nil && slices.ContainsFunc(asked, realmconfig.IsACR):
			t.Errorf("%q, %q are refused", voluntary, essential)
		case err == nil && !a.reached(auth.TwoFactors):
			t.Errorf("two factors do not reach %q", classes)
		case err == nil && len(asked) > 0 && a.reached("") || err == nil && a.reached(auth.OneFactor) != (len(asked) == 0 || slices.Contains(asked, auth.OneFactor)):
			t.Errorf("one factor, or none, reaches %q of %q", classes, asked)
		}
	})
}
