// SPDX-License-Identifier: Apache-2.0

package auth

import "strings"

// AtResource begins what stands among the scopes that somebody agrees to for a protected
// resource at which an application would act in their name: its URL follows. No scope has a
// space.
const AtResource = "resource "

// PartAgreed parts what somebody has agreed to into scopes and resources; neither is nil.
func PartAgreed(agreed []string) (scopes, resources []string) {
	scopes, resources = []string{}, []string{}
	for _, one := range agreed {
		if resource, found := strings.CutPrefix(one, AtResource); found {
			resources = append(resources, resource)
		} else {
			scopes = append(scopes, one)
		}
	}
	return scopes, resources
}
