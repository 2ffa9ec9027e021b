// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

const hour = time.Hour

// rsa is a key of RS256, made so long ago.
func rsa(kid string, age time.Duration, signFrom, verifyUntil *time.Time) realmconfig.Key {
	k := key(kid, age, signFrom, verifyUntil)
	k.Algorithm = realmconfig.RS256
	return k
}

// withIDTokens is a key set that signs access tokens with the key a of ES256, and ID
// tokens with keys of RS256.
func withIDTokens(keys ...realmconfig.Key) realmconfig.Keyset {
	s := keyset(key("a", 9*hour, at(-9*hour), nil))
	s.Families = append(s.Families, realmconfig.Family{Algorithm: realmconfig.RS256, Keys: keys})
	return s
}

// stopped is a key set whose keys of RS256 have been stopped an hour ago.
func stopped(s realmconfig.Keyset) realmconfig.Keyset {
	s.Families[1].StoppedAt = at(-hour)
	return s
}

// saying is a pod that signs access tokens with the first of the keys that it has, and
// says with which ones it signs no more.
func saying(has, stopped string) rotation.Pod {
	p := answering(strings.Fields(has)...)
	p.StoppedKeyIDs = append([]string{}, strings.Fields(stopped)...)
	return p
}

// TestFamiliesComeAndGo reads as TestPlan does. The realm wants ES256 for access
// tokens and RS256 beside it, unless it says otherwise.
func TestFamiliesComeAndGo(t *testing.T) {
	t.Parallel()
	const begun = ": pods that are being started, which may not know of it"
	r := rsa("r", 9*hour, at(-9*hour), nil)
	none := func(p *rotation.Policy) { p.Others = nil }
	access := func(p *rotation.Policy) { p.Algorithm, p.Others = realmconfig.RS256, nil }
	former := withIDTokens(r) // which signed access tokens until an hour ago
	former.Families[0].Access.SignFrom = at(-hour)
	former.Families[1].Access = &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour)}
	for name, c := range map[string]struct {
		keys realmconfig.Keyset
		pods []rotation.Pod
		wish func(*rotation.Policy)
		want string
	}{
		"one that is missing":                  {keyset(key("a", 9*hour, at(-9*hour), nil)), nil, nil, "a Active; new Pending" + begun},
		"one that is there":                    {withIDTokens(r), []rotation.Pod{saying("a r", "")}, nil, "a Active; r Active"},
		"one that verifiers may not know":      {withIDTokens(acknowledged(rsa("r", hour, nil, nil), at(-4*time.Minute))), []rotation.Pod{saying("a r", "")}, nil, "a Active; r Pending"},
		"one that every verifier knows":        {withIDTokens(acknowledged(rsa("r", hour, nil, nil), at(-5*time.Minute))), []rotation.Pod{saying("a r", "")}, nil, "a Active; r Active"},
		"one that a pod does not publish":      {withIDTokens(rsa("r", hour, nil, nil)), []rotation.Pod{saying("a r", ""), saying("a", "")}, nil, "a Active; r Pending: pod p, which does not have it yet"},
		"one that nobody wants":                {withIDTokens(r), []rotation.Pod{saying("a r", "")}, none, "a Active; r Retiring" + begun},
		"one that clients of a pod use":        {withIDTokens(r), []rotation.Pod{using(saying("a r", ""), realmconfig.RS256)}, none, "a Active; r Active: pod p, which has clients that use it"},
		"one that a pod may use":               {withIDTokens(r), []rotation.Pod{{Name: "p"}}, none, "a Active; r Active: pod p, which does not answer"},
		"one that nobody wanted before it was": {withIDTokens(rsa("r", hour, nil, nil)), []rotation.Pod{saying("a r", "")}, none, "a Active"},
		"one that a pod has not stopped":       {stopped(withIDTokens(r)), []rotation.Pod{saying("a r", "r"), saying("a r", "")}, none, "a Active; r Retiring: pod p, which still signs with it"},
		"one that every pod has stopped":       {stopped(withIDTokens(r)), []rotation.Pod{saying("a r", "r")}, none, "a Active; r Retiring until 13:01:00"},
		"one that a pod never knew":            {stopped(withIDTokens(r)), []rotation.Pod{answering("a", "r")}, none, "a Active; r Retiring until 13:01:00"},
		"one whose last token has expired":     {stopped(withIDTokens(rsa("r", 9*hour, at(-9*hour), at(0)))), []rotation.Pod{saying("a r", "r")}, none, "a Active"},
		"one that is wanted again":             {stopped(withIDTokens(r)), []rotation.Pod{saying("a r", "r")}, nil, "a Active; r Active"},
		"one that is wanted again, too late":   {stopped(withIDTokens(rsa("r", 9*hour, at(-9*hour), at(hour)))), []rotation.Pod{saying("a r", "r")}, nil, "a Active; new Pending" + begun + "; r Retiring until 13:00:00"},
		"a rotation":                           {withIDTokens(r), nil, func(p *rotation.Policy) { p.RotateAfter = *at(-9*hour + 1) }, "a Active; r Active; new Pending" + begun + "; new Pending" + begun},
		"a rotation of one that is younger":    {withIDTokens(rsa("r", hour, at(-hour), nil)), nil, func(p *rotation.Policy) { p.Interval = 2 * hour }, "a Active; r Active; new Pending" + begun},
		"one of which no key is to go on":      {withIDTokens(r, rsa("s", hour, at(-hour), nil)), []rotation.Pod{saying("a r s", "r")}, nil, "a Active; s Active; r Retiring until 13:01:00"},
		"a revocation of what signs":           {withIDTokens(r), nil, revoke("r"), "a Active; new Active"},
		"a revocation of what has a successor": {withIDTokens(r, rsa("s", hour, nil, nil)), nil, revoke("r"), "a Active; s Active"},
		"a revocation of the other family":     {withIDTokens(r), nil, revoke("a"), "new Active; r Active"},
		"a revocation of what is to come":      {withIDTokens(rsa("r", hour, nil, nil)), nil, revoke("r"), "a Active; new Pending" + begun},
		"a revocation of what was stopped": {stopped(withIDTokens(r)), nil, func(p *rotation.Policy) {
			p.Others, p.Revoked = nil, []string{"r"}
		}, "a Active"},
		"a revocation of what is no longer wanted": {withIDTokens(r), nil, func(p *rotation.Policy) {
			p.Others, p.Revoked = nil, []string{"r"}
		}, "a Active"},
		"a revocation, by a wrong clock": {withIDTokens(rsa("r", hour, nil, nil)), []rotation.Pod{late(2*time.Minute, saying("a r", ""))}, revoke("r"), "a Active: pod p, whose clock is far from the operator's"},

		"one that is to sign access tokens":                    {withIDTokens(r), []rotation.Pod{saying("a r", "")}, access, "a Active; r Active; new Pending" + begun},
		"one that signed them, and does again":                 {stopped(former), []rotation.Pod{saying("a r", "r")}, access, "r Active; a Retiring" + begun},
		"one that is to sign them and is known":                {takingSince(withIDTokens(r, acknowledged(rsa("s", hour, nil, nil), at(-5*time.Minute)))), []rotation.Pod{saying("a r s", "")}, access, "s Active; r Retiring" + begun + "; a Retiring" + begun},
		"one that is to sign them and has an older key only":   {takingSince(withIDTokens(r, rsa("s", hour, nil, nil))), []rotation.Pod{saying("a r", "")}, access, "a Active; r Active; s Pending: pod p, which does not have it yet"},
		"one that was to sign them":                            {takingSince(withIDTokens(r, rsa("s", hour, nil, nil))), []rotation.Pod{saying("a r s", "")}, none, "a Active; r Retiring" + begun},
		"a revocation of access keys while another is to come": {takingSince(withIDTokens(r, rsa("s", hour, nil, nil))), nil, func(p *rotation.Policy) { access(p); p.Revoked = []string{"a"} }, "new Active; r Active; s Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := rotation.Policy{
				Algorithm: realmconfig.ES256, Others: []realmconfig.Algorithm{realmconfig.RS256},
				JWKSMaxAge: 5 * time.Minute, TokenLifetime: hour,
			}
			if c.wish != nil {
				c.wish(&policy)
			}
			before, err := realmconfig.Encode(c.keys)
			if err != nil {
				t.Fatal(err)
			}
			out, err := rotation.Plan(c.keys, policy, rotation.Acks{Asked: true, Pods: c.pods}, noon(), mint)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(out.Keys); got != c.want {
				t.Errorf("keys are %q, want %q", got, c.want)
			}
			if after, err := realmconfig.Encode(c.keys); err != nil || string(after) != string(before) {
				t.Errorf("what was given has become %s", after)
			}
		})
	}
}

// using is a pod whose clients have ID tokens signed by an algorithm.
func using(p rotation.Pod, algorithm realmconfig.Algorithm) rotation.Pod {
	p.Algorithms = []realmconfig.Algorithm{algorithm}
	return p
}

// TestKeysAreKeptForAsLongAsPodsSign tells of a setting that was lowered from an hour to
// five minutes.
func TestKeysAreKeptForAsLongAsPodsSign(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Algorithm: realmconfig.ES256, JWKSMaxAge: 5 * time.Minute, TokenLifetime: 5 * time.Minute}
	signing := func(longest time.Duration) rotation.Pod {
		p := saying("a", "")
		p.LongestToken = longest
		return p
	}
	unsettled := signing(5 * time.Minute)
	unsettled.Settled = false
	for name, c := range map[string]struct {
		pods   []rotation.Pod
		waits  bool
		lowers bool
	}{
		"pods that sign nothing longer":       {[]rotation.Pod{signing(5 * time.Minute), signing(time.Minute)}, false, true},
		"a pod of the release before":         {[]rotation.Pod{answering("a")}, false, true},
		"a pod with clients as they were":     {[]rotation.Pod{signing(5 * time.Minute), signing(hour)}, true, false},
		"a pod with settings as they were":    {[]rotation.Pod{unsettled}, true, false},
		"a pod that does not say":             {[]rotation.Pod{{Name: "p"}}, true, false},
		"a pod that is being started":         {[]rotation.Pod{{Name: "p", State: rotation.Starting}}, true, false},
		"a pod that signs a moment too long":  {[]rotation.Pod{signing(5*time.Minute + 1)}, true, false},
		"a realm without pods, which may not": {nil, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := rotation.Plan(keyset(key("a", 9*hour, at(-9*hour), nil)), policy, rotation.Acks{Asked: true, Pods: c.pods}, noon(), mint)
			if err != nil {
				t.Fatal(err)
			}
			lowered := out.Keyset.TokenLifetime.Longest == realmconfig.Duration(5*time.Minute)
			kept := out.Keyset.TokenLifetime.Kept(noon())
			if lowered != c.lowers || out.AwaitsPods != c.waits || kept.Before(noon().Add(hour)) {
				t.Errorf("it becomes %+v (awaits pods: %t), which is kept until %s", out.Keyset.TokenLifetime, out.AwaitsPods, kept)
			}
		})
	}
}

// takingSince has servers take access tokens of RS256 since two hours ago.
func takingSince(s realmconfig.Keyset) realmconfig.Keyset {
	s.Families[1].Access = &realmconfig.Access{TakenFrom: *at(-2 * hour)}
	return s
}

// TestAccessTokensOfAnEarlierFamilyAreTakenUntilTheLastHasExpired tells of RS256, which
// signed access tokens until an hour ago and signs ID tokens still.
func TestAccessTokensOfAnEarlierFamilyAreTakenUntilTheLastHasExpired(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{
		Algorithm: realmconfig.ES256, Others: []realmconfig.Algorithm{realmconfig.RS256}, JWKSMaxAge: 5 * time.Minute, TokenLifetime: hour,
	}
	for name, c := range map[string]struct {
		pods  []rotation.Pod
		until *time.Time
		want  *realmconfig.Access
	}{
		"a pod that signs them still":    {[]rotation.Pod{saying("r a", ""), saying("a r", "")}, nil, &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour)}},
		"a pod that does not answer":     {[]rotation.Pod{{Name: "p"}}, nil, &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour)}},
		"pods that sign the next":        {[]rotation.Pod{saying("a r", "")}, nil, &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour), TakenUntil: at(hour + time.Minute)}},
		"an end that lies ahead":         {[]rotation.Pod{saying("a r", "")}, at(1), &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour), TakenUntil: at(1)}},
		"an end that has come":           {[]rotation.Pod{saying("a r", "")}, at(0), nil},
		"an end that has come for us":    {[]rotation.Pod{late(time.Second, saying("a r", ""))}, at(0), &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour), TakenUntil: at(0)}},
		"a pod of the release before":    {[]rotation.Pod{answering("r", "a")}, nil, &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour)}},
		"such a pod that signs the next": {[]rotation.Pod{answering("a", "r")}, nil, &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour), TakenUntil: at(hour + time.Minute)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := withIDTokens(rsa("r", 9*hour, at(-9*hour), nil))
			keys.Families[0].Access.SignFrom = at(-hour)
			keys.Families[1].Access = &realmconfig.Access{TakenFrom: *at(-9 * hour), SignFrom: at(-9 * hour), TakenUntil: c.until}
			out, err := rotation.Plan(keys, policy, rotation.Acks{Asked: true, Pods: c.pods}, noon(), mint)
			if err != nil {
				t.Fatal(err)
			}
			family, _ := out.Keyset.Family(realmconfig.RS256)
			got, err := realmconfig.Encode(family.Access)
			if err != nil {
				t.Fatal(err)
			}
			want, err := realmconfig.Encode(c.want)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("they are taken %s, want %s", got, want)
			}
		})
	}
}
