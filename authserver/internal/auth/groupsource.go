// SPDX-License-Identifier: Apache-2.0

package auth

import "github.com/realmkeeper/realmkeeper/authserver/realmconfig"

// GroupSource is a provider that says who is in a group, and who speaks for it.
type GroupSource struct{ Provider, Authority string }

// GroupSources are those whose word counts by some settings.
func GroupSources(settings realmconfig.Config) []GroupSource {
	list := []GroupSource{}
	for _, p := range settings.Providers {
		if p.Groups != nil {
			list = append(list, GroupSource{p.Name, p.Authority()})
		}
	}
	return list
}
