// SPDX-License-Identifier: Apache-2.0

package passwordrules_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/commonpasswords"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passwordrules"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	const (
		short    = "must be at least 8 characters long"
		long     = "must be at most 72 bytes long"
		few      = "must have at least 4 different characters"
		personal = "must not be made of the e-mail address or the name"
		common   = "is on the list of common and breached passwords"
	)
	owner := []string{"maria.jones@example.com", "Maria Müller-Jones", ""}
	cases := map[string]struct {
		password string
		rejected []string
	}{
		"a sentence":                         {"correct horse battery staple", nil},
		"random letters":                     {"vKq3eTzR", nil},
		"beyond ASCII":                       {"тихая гавань", nil},
		"seven characters":                   {"vKq3eTz", []string{short}},
		"seven characters in many bytes":     {"ж☃️éüßø", []string{short}},
		"nothing":                            {"", []string{short, few}},
		"the longest":                        {strings.Repeat("vKq3eTzR", 9), nil},
		"one byte too long":                  {strings.Repeat("vKq3eTzR", 9) + "x", []string{long}},
		"seven letters with marks apart":     {strings.Repeat("e\u0301", 6) + "a", []string{short, few}},
		"short enough once composed":         {strings.Repeat("e\u0301", 20) + "vKq3eTzR", nil},
		"common, with a wide space":          {"trust\u3000no1", nil},
		"the name, with marks apart":         {"MariaMu\u0308llerJones", []string{personal}},
		"too long in few characters":         {strings.Repeat("тгав", 10), []string{long}},
		"one character again and again":      {strings.Repeat("x", 12), []string{few}},
		"common":                             {"trustno1", []string{common}},
		"common, in capitals":                {"PassWord123", []string{common}},
		"common, with a year and a sign":     {"Sunshine24!", []string{common}},
		"a common word in a longer one":      {"sunshine-over-leith", nil},
		"too long a tail to be a decoration": {"sunshine#48151", nil},
		"the address":                        {"maria.jones@example.com", []string{personal}},
		"the local part, decorated":          {"maria.jones!1", []string{personal}},
		"the name without its space":         {"MariaMüllerJones", []string{personal}},
		"the name and a year is too little":  {"jones-maria", []string{personal}},
		"the name and something of its own":  {"jones-7qzk", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := newRules(false).Check(auth.Secret(c.password), owner...)
			if got := detailsOf(t, err); !slices.Equal(got, c.rejected) {
				t.Errorf("rejected for %q, want %q", got, c.rejected)
			}
			if err != nil && c.password != "" && strings.Contains(fmt.Sprint(err), c.password) {
				t.Error("the refusal quotes the password")
			}
		})
	}
}

func TestRealmMayTakeCommonPasswords(t *testing.T) {
	t.Parallel()
	if err := newRules(true).Check("trustno1"); err != nil {
		t.Errorf("refused with %v", err)
	}
}

func TestWhatIsTooLongIsNotWeak(t *testing.T) {
	t.Parallel()
	rules := newRules(false)
	for password, weak := range map[auth.Secret]bool{
		"correct horse battery staple": false, auth.Secret(strings.Repeat("vKq3eTzR", 12)): false,
		"vKq3eTz": true, "trustno1": true, "maria.jones!1": true, auth.Secret(strings.Repeat("ab", 40)): true,
	} {
		if got := rules.Weak(password, "maria.jones@example.com"); got != weak {
			t.Errorf("%d characters: weak %t, want %t", len(password), got, weak)
		}
	}
}

func newRules(allowCommon bool) passwordrules.Rules {
	config := realmconfig.Config{Passwords: realmconfig.Passwords{MinLength: 8, AllowCommon: allowCommon}}
	return passwordrules.Rules{Settings: func() realmconfig.Config { return config }, Common: commonpasswords.Contains}
}

// detailsOf is why a password was rejected; nil when it was not.
func detailsOf(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var refusal *auth.Error
	if !errors.As(err, &refusal) || refusal.Code != auth.PasswordRejected {
		t.Fatalf("refused with %v", err)
	}
	details := []string{}
	for _, f := range refusal.Fields {
		details = append(details, f.Detail)
	}
	return details
}
