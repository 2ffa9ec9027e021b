// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// CheckReturnURL is an address that a browser may be sent to; see
// realmconfig.Browser.ReturnURLs for the rule. It is deliberately narrow: what
// one parser might read otherwise than another, ours or a browser's, is refused.
func CheckReturnURL(allowed []string, raw string) (*url.URL, error) {
	u, ok := unambiguousURL(raw)
	if !ok || !slices.ContainsFunc(allowed, func(entry string) bool { return matchesReturnURL(entry, u) }) {
		return nil, auth.Refuse(auth.ReturnURLRefused)
	}
	return u, nil
}

func unambiguousURL(raw string) (*url.URL, bool) {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\#\"<>^`{|}", r) }
	if strings.ContainsFunc(raw, odd) {
		return nil, false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil || u.Host == "" || strings.ContainsFunc(u.Host, odd) {
		return nil, false
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return nil, false
	}
	return u, realmconfig.IsPlainPath(u.EscapedPath())
}

// matchesReturnURL compares paths by what they say: an octet may be escaped or not, and
// in letters of either case, where the path is plain.
func matchesReturnURL(entry string, u *url.URL) bool {
	e, err := url.Parse(entry)
	if err != nil || !sameOrigin(e, u) {
		return false
	}
	if strings.HasSuffix(e.Path, "/") {
		return strings.HasPrefix(rooted(u.Path), e.Path)
	}
	return rooted(u.Path) == rooted(e.Path)
}

// sameOrigin also takes hosts that no browser would write so, letter by letter.
func sameOrigin(a, b *url.URL) bool {
	first, err := realmconfig.Origin(a)
	second, otherErr := realmconfig.Origin(b)
	if err == nil && otherErr == nil {
		return first == second
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// rooted is the path that a browser asks for.
func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// WithQuery adds a parameter to an address, in place of others of its name.
func WithQuery(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // it was parsed before it was kept
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}
