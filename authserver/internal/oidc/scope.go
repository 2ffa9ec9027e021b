// SPDX-License-Identifier: Apache-2.0

package oidc

import "strings"

// parseScope reads a list of scopes (RFC 6749, section 3.3), each once and in the order
// of the request. It refuses with InvalidScope what is no such list.
func parseScope(text string) ([]string, error) {
	scopes, seen := []string{}, map[string]bool{}
	for _, scope := range strings.Split(text, " ") {
		switch {
		case scope == "": // two spaces, which some clients send
		case strings.ContainsFunc(scope, notInScope):
			return nil, refuse(InvalidScope, "A scope has characters that none may have.")
		case !seen[scope]:
			seen[scope] = true
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

// notInScope finds what is no NQCHAR (RFC 6749, appendix A).
func notInScope(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }

// formatScope is the list as tokens and answers have it.
func formatScope(scopes []string) string { return strings.Join(scopes, " ") }
