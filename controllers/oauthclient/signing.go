// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// signing is what a realm's status says of the algorithms that it signs with.
type signing struct {
	// active are those that a key signs with, in order and with spaces between.
	active string

	// propagated is set when every pod has the newest keys.
	propagated bool
}

func signingOf(realm *v1alpha1.AuthRealm) signing {
	var active []string
	for _, key := range realm.Status.SigningKeys {
		if key.State == v1alpha1.ActiveKey {
			active = append(active, string(key.Algorithm))
		}
	}
	slices.Sort(active)
	return signing{strings.Join(slices.Compact(active), " "), meta.IsStatusConditionTrue(realm.Status.Conditions, v1alpha1.ConfigPropagatedCondition)}
}

func (s signing) signs(a realmconfig.Algorithm) bool {
	return slices.Contains(strings.Fields(s.active), string(a))
}

// keyWait is how the ID tokens of a client are signed while the key that it asks for is
// not one that every verifier can know.
type keyWait struct {
	waits bool

	// meanwhile is what they are signed with until then, "" for nothing.
	meanwhile realmconfig.Algorithm
}

// choose is the algorithm that pods are told of a client that asks for one, and was told
// another before, "" for none. A client that changes it goes on with the one before until
// every pod signs with the new one.
func (s signing) choose(asked, before realmconfig.Algorithm) (realmconfig.Algorithm, keyWait) {
	switch {
	case before != "" && before != asked && s.signs(before) && !(s.signs(asked) && s.propagated):
		return before, keyWait{waits: true, meanwhile: before}
	case !s.signs(asked):
		return asked, keyWait{waits: true}
	}
	return asked, keyWait{}
}
