// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// required is a realm that requires second factors, with what it says beside.
func required(says string) string { return issuer + "twoFactor: {required: {" + says + "}}" }

func groupNames(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("group-%d", i))
	}
	return strings.Join(names, ", ")
}

func TestRequirementsThatAreAccepted(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"nobody":                              required("who: None"),
		"nobody, though it would be enforced": required("who: None, enforcement: Enforce"),
		"admins":                              required("who: Admins"),
		"a group":                             required("who: Groups, groups: [staff]"),
		"a group of letters, signs, spaces":   required(`who: Groups, groups: ["corp:Bücher & Söhne"]`),
		"a group of 128 bytes":                required("who: Groups, groups: [" + strings.Repeat("ü", 64) + "]"),
		"fifty groups":                        required("who: Groups, groups: [" + groupNames(50) + "]"),
		"everybody, at once":                  required("who: Everybody, enforcement: Enforce, gracePeriod: 0s, maxBlocked: 1"),
		"everybody, in a year":                required("who: Everybody, enforcement: Warn, gracePeriod: 8760h, maxBlocked: 1000000"),
		"passwords of old, counted":           issuer + "passwords: {existing: {}}",
		"passwords of old, at once":           issuer + "passwords: {minLength: 14, existing: {enforcement: Enforce, gracePeriod: 0s, maxBlocked: 1}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := submit(t, "AuthRealm", "realm", spec); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestRequirementsThatAreRefusedInTheUsersWords(t *testing.T) {
	t.Parallel()
	const aGroup, withGroups = "each group must be the name of a group of the realm, such as staff", "groups goes with who: Groups, and the other way round"
	for name, c := range map[string]struct{ spec, says string }{
		"nobody said who":                 {required("enforcement: Enforce"), "who: Required value"},
		"nothing said":                    {required(""), "who: Required value"},
		"somebody else":                   {required("who: Managers"), `supported values: "None", "Admins", "Groups", "Everybody"`},
		"groups that are not named":       {required("who: Groups"), withGroups},
		"no group in a list of them":      {required("who: Groups, groups: []"), "groups"},
		"groups of admins":                {required("who: Admins, groups: [staff]"), withGroups},
		"a group twice":                   {required("who: Groups, groups: [staff, staff]"), "Duplicate value"},
		"fifty-one groups":                {required("who: Groups, groups: [" + groupNames(51) + "]"), "at most 50 items"},
		"a group without a name":          {required(`who: Groups, groups: [""]`), "groups[0]"},
		"two groups with a comma":         {required(`who: Groups, groups: ["staff,ops"]`), aGroup},
		"a group with a space at its end": {required(`who: Groups, groups: ["staff "]`), aGroup},
		"a group on two lines":            {required(`who: Groups, groups: ["staff\nops"]`), aGroup},
		"a group of 129 bytes":            {required("who: Groups, groups: [a" + strings.Repeat("ü", 64) + "]"), aGroup},
		"a group of Kubernetes":           {required(`who: Groups, groups: ["system:masters"]`), "no group of a realm begins with system:, which is Kubernetes' own"},
		"another enforcement":             {required("who: Admins, enforcement: Force"), `supported values: "Observe", "Warn", "Enforce"`},
		"a grace period in days":          {required("who: Admins, gracePeriod: 14d"), "gracePeriod must be a duration such as 336h; days are written in hours"},
		"a grace period of two years":     {required("who: Admins, gracePeriod: 17520h"), "gracePeriod must be 0s to 8760h, which is a year"},
		"nobody to be blocked":            {required("who: Admins, maxBlocked: 0"), "maxBlocked"},
		"everybody to be blocked":         {required("who: Everybody, maxBlocked: 1000001"), "maxBlocked"},
		"passwords without a word":        {issuer + "passwords: {existing: {enforcement: Never}}", `supported values: "Observe", "Warn", "Enforce"`},
		"passwords for two years":         {issuer + "passwords: {existing: {gracePeriod: 17520h}}", "gracePeriod must be 0s to 8760h, which is a year"},
		"passwords of nobody":             {issuer + "passwords: {existing: {maxBlocked: 0}}", "maxBlocked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "AuthRealm", "realm", c.spec), c.says)
		})
	}
}

// Of a rule about several fields, and of a pattern, both sides are asked here.
func TestKindAndAuthServerAgreeOnGroupsThatMustHaveAFactor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says    string // in JSON, of which YAML has every word
		refused bool
	}{
		"admins":                  {`"who": "Admins"`, false},
		"a group":                 {`"who": "Groups", "groups": ["staff"]`, false},
		"an empty list":           {`"who": "Groups", "groups": []`, true},
		"no list":                 {`"who": "Groups"`, true},
		"a list for admins":       {`"who": "Admins", "groups": ["staff"]`, true},
		"a list for everybody":    {`"who": "Everybody", "groups": ["staff"]`, true},
		"a list for nobody":       {`"who": "None", "groups": ["staff"]`, true},
		"one twice":               {`"who": "Groups", "groups": ["staff", "staff"]`, true},
		"a sign":                  {`"who": "Groups", "groups": ["@"]`, false},
		"a space within":          {`"who": "Groups", "groups": ["the staff"]`, false},
		"a space before":          {`"who": "Groups", "groups": [" staff"]`, true},
		"a space that is no ' '":  {`"who": "Groups", "groups": ["the\u00a0staff"]`, true},
		"a tab":                   {`"who": "Groups", "groups": ["the\tstaff"]`, true},
		"a zero-width joiner":     {`"who": "Groups", "groups": ["the\u200dstaff"]`, true},
		"a letter with its marks": {`"who": "Groups", "groups": ["e\u0301quipe"]`, false},
		"an emoji":                {`"who": "Groups", "groups": ["🚒"]`, false},
		"a comma":                 {`"who": "Groups", "groups": ["a,b"]`, true},
		"system: alone":           {`"who": "Groups", "groups": ["system:"]`, true},
		"system without a colon":  {`"who": "Groups", "groups": ["systems"]`, false},
		"128 bytes":               {`"who": "Groups", "groups": ["` + strings.Repeat("ü", 64) + `"]`, false},
		"130 bytes":               {`"who": "Groups", "groups": ["` + strings.Repeat("ü", 65) + `"]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trial := trial{value: c.says, refused: c.refused}
			err := submit(t, "AuthRealm", "realm", issuer+`twoFactor: {"required": {`+c.says+`}}`)
			if err != nil && !apierrors.IsInvalid(err) {
				t.Fatal(err)
			}
			wantRefused(t, trial, "the kind", err)

			config := realmconfig.Defaults("default/realm", "https://login.example.com")
			factors := realmconfig.DefaultRequiredFactors()
			if err := json.Unmarshal([]byte("{"+c.says+"}"), &factors); err != nil {
				t.Fatal(err)
			}
			config.TwoFactor.Required = &factors
			wantRefused(t, trial, "the auth server", config.Validate())
		})
	}
}
