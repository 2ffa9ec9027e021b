// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"fmt"
	"strings"
)

// Resource is what a refusal says of the protected resource that was asked for, so that a
// program learns there where to get a token (RFC 9728, section 5.1).
type Resource struct {
	// Metadata is where the resource is described; empty for one that is not.
	Metadata string
	// Scopes are those that a token needs (RFC 6750, section 3); none for whichever it has.
	Scopes []string
}

// challenge is what follows in the WWW-Authenticate header. Neither URLs nor scopes have
// quotes or backslashes.
func (r Resource) challenge() string {
	parameters := ""
	if len(r.Scopes) > 0 {
		parameters += fmt.Sprintf(", scope=%q", strings.Join(r.Scopes, " "))
	}
	if r.Metadata != "" {
		parameters += fmt.Sprintf(", resource_metadata=%q", r.Metadata)
	}
	return parameters
}
