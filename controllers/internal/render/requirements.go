// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// requiredFactors is nil where nobody must have a second factor.
func requiredFactors(r *v1alpha1.RequiredFactors) *realmconfig.RequiredFactors {
	if r == nil || r.Who == v1alpha1.RequiredOfNone {
		return nil
	}
	absent := realmconfig.DefaultRequiredFactors()
	return &realmconfig.RequiredFactors{
		Who:         realmconfig.RequiredOf(r.Who),
		Groups:      r.Groups,
		Enforcement: cmp.Or(realmconfig.Enforcement(r.Enforcement), absent.Enforcement),
		GracePeriod: durationOr(r.GracePeriod, absent.GracePeriod),
		MaxBlocked:  intOr(r.MaxBlocked, absent.MaxBlocked),
	}
}

// existingPasswords is nil where nobody asks about passwords of old.
func existingPasswords(e *v1alpha1.ExistingPasswords) *realmconfig.ExistingPasswords {
	if e == nil {
		return nil
	}
	absent := realmconfig.DefaultExistingPasswords()
	return &realmconfig.ExistingPasswords{
		Enforcement: cmp.Or(realmconfig.Enforcement(e.Enforcement), absent.Enforcement),
		GracePeriod: durationOr(e.GracePeriod, absent.GracePeriod),
		MaxBlocked:  intOr(e.MaxBlocked, absent.MaxBlocked),
	}
}
