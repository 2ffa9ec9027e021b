// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestAServerTellsOfARequiredGroupInWhichNobodyIs(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	dan := s.createUser(admin, "dan@example.com", "user")
	s.addMember(admin, s.createGroup(admin, "staff").ID, dan.ID)
	tells := func(names ...string) func() bool {
		return func() bool {
			got := s.Report().Requirements[realmconfig.FactorsRequirement]
			return !got.CountedAt.IsZero() && slices.Equal(got.EmptyGroups, names)
		}
	}
	require := func(who realmconfig.RequiredOf, groups ...string) {
		r.requires(realmconfig.Observe, func(f *realmconfig.RequiredFactors) { f.Who, f.Groups = who, groups })
	}
	require(realmconfig.RequiredOfGroups, "staff", "stuff")
	s.eventually("the one that is misspelt is told", tells("stuff"))
	s.createGroup(admin, "stuff")
	s.eventually("it is empty still", tells("stuff"))
	require(realmconfig.RequiredOfGroups, "staff")
	s.eventually("none is told", tells())
	require(realmconfig.RequiredOfEverybody)
	s.eventually("none is told of everybody", tells())
}
