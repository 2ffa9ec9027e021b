// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"strings"
)

// AtResource begins what stands among the scopes that somebody agrees to for a protected
// resource at which an application would act in their name: its URL follows, and after a
// space a scope that they agree to there. Neither scopes nor URLs have a space.
const AtResource = "resource "

// PartAgreed parts what somebody has agreed to into scopes, wherever they count, and
// resources, both in order, each once; neither is nil.
func PartAgreed(agreed []string) (scopes, resources []string) {
	scopes, resources = []string{}, []string{}
	for _, one := range agreed {
		bound, found := strings.CutPrefix(one, AtResource)
		if !found {
			scopes = append(scopes, one)
			continue
		}
		resource, scope, narrow := strings.Cut(bound, " ")
		resources = append(resources, resource)
		if narrow {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	slices.Sort(resources)
	return slices.Compact(scopes), slices.Compact(resources)
}
