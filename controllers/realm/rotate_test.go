// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

func TestFirstKeysetsSignAtOnce(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.ES256, realmconfig.RS256, realmconfig.EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			keyset, err := rotation.First(rotation.Policy{Algorithm: algorithm}, noon(), mintFrom(rand.Reader))
			if err != nil {
				t.Fatal(err)
			}
			if err := keyset.Validate(); err != nil {
				t.Error(err)
			}
			if key, found := keyset.SigningKey(noon()); !found || key.Algorithm != algorithm {
				t.Errorf("signs with %q (found: %t)", key.Algorithm, found)
			}
		})
	}
	if _, err := mintFrom(rand.Reader)("none", noon()); err == nil {
		t.Error("an algorithm that does not exist makes no error")
	}
}

func TestRotationPolicy(t *testing.T) {
	t.Parallel()
	const quarter = 90 * 24 * time.Hour
	after := metav1.NewTime(noon())
	for name, c := range map[string]struct {
		keys  *v1alpha1.SigningKeys
		holds func(rotation.Policy) bool
	}{
		"a realm that says nothing": {nil, func(p rotation.Policy) bool {
			return p.Algorithm == realmconfig.ES256 && p.Interval >= quarter && p.Interval < quarter+quarter/100 &&
				p.RotateAfter.IsZero() && len(p.Revoked) == 0
		}},
		"an interval": {&v1alpha1.SigningKeys{RotationInterval: &metav1.Duration{Duration: time.Hour}}, func(p rotation.Policy) bool {
			return p.Interval >= time.Hour && p.Interval < time.Hour+36*time.Second
		}},
		"never": {&v1alpha1.SigningKeys{RotationInterval: &metav1.Duration{}}, func(p rotation.Policy) bool { return p.Interval == 0 }},
		"everything else": {
			&v1alpha1.SigningKeys{Algorithm: v1alpha1.EdDSA, RotateAfter: &after, Revoked: []string{"kid"}},
			func(p rotation.Policy) bool {
				return p.Algorithm == realmconfig.EdDSA && p.RotateAfter.Equal(noon()) && slices.Equal(p.Revoked, []string{"kid"})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm := testRealm()
			realm.Spec.SigningKeys = c.keys
			p := rotationPolicy(realm, realmconfig.Tokens{
				JWKSMaxAge: realmconfig.Duration(time.Minute), AccessTokenLifetime: realmconfig.Duration(time.Hour),
			}, idTokens{})
			if !slices.Equal(p.Others, []realmconfig.Algorithm{realmconfig.RS256}) {
				t.Errorf("ID tokens are signed with %v", p.Others)
			}
			if !c.holds(p) || p.JWKSMaxAge != time.Minute || p.TokenLifetime != time.Hour {
				t.Errorf("policy is %+v", p)
			}
		})
	}
}

// TestClientsAskForAlgorithmsAndLifetimes: the plan reckons with the longest of all.
func TestClientsAskForAlgorithmsAndLifetimes(t *testing.T) {
	t.Parallel()
	settings := realmconfig.Tokens{AccessTokenLifetime: realmconfig.Duration(time.Hour)}
	clients := idTokens{algorithms: []realmconfig.Algorithm{realmconfig.EdDSA, realmconfig.RS256}, lifetime: 2 * time.Hour}
	p := rotationPolicy(testRealm(), settings, clients)
	if p.TokenLifetime != 2*time.Hour {
		t.Errorf("tokens live for %s", p.TokenLifetime)
	}
	keyset, err := rotation.First(p, noon(), mintFrom(rand.Reader))
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.ES256, realmconfig.RS256, realmconfig.EdDSA} {
		family, _ := keyset.Family(algorithm)
		if _, signs := family.SigningKey(noon()); !signs || len(family.Keys) != 1 {
			t.Errorf("%s has the keys %v", algorithm, family.Keys)
		}
	}
	if err := keyset.Validate(); err != nil || len(keyset.Families) != 3 {
		t.Errorf("there are %d families: %v", len(keyset.Families), err)
	}
}

func TestAcksOfPods(t *testing.T) {
	t.Parallel()
	report := realmconfig.Report{ConfigRevision: "c", KeyIDs: []string{"a", "b"}, SigningKeyID: "a", StoppedKeyIDs: []string{"b"}, Time: noon()}
	for name, c := range map[string]struct {
		pod     podstatus.Pod
		counts  bool
		state   rotation.PodState
		settled bool
	}{
		"one that answers":                   {podstatus.Pod{Answered: true, Report: report, Scheduled: true, Running: true}, true, rotation.Answering, true},
		"one that answers with old settings": {podstatus.Pod{Answered: true, Report: realmconfig.Report{ConfigRevision: "b"}}, true, rotation.Answering, false},
		"one that hangs":                     {podstatus.Pod{Scheduled: true, Running: true}, true, rotation.Silent, false},
		"one whose image is pulled":          {podstatus.Pod{Scheduled: true, Waiting: "ErrImagePull"}, true, rotation.Starting, false},
		"one that no node runs":              {podstatus.Pod{}, false, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acks := acksOf("c", c.pod)
			if !acks.Asked || (len(acks.Pods) == 1) != c.counts {
				t.Fatalf("acks are %+v", acks)
			}
			if !c.counts {
				return
			}
			if got := acks.Pods[0]; got.State != c.state || got.Settled != c.settled {
				t.Errorf("it is taken for %+v", got)
			}
		})
	}
}
