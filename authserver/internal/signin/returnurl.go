// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
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
	return u, unambiguousPath(u.EscapedPath())
}

// unambiguousPath refuses what a server may resolve to another path.
func unambiguousPath(escaped string) bool {
	lower := strings.ToLower(escaped)
	for _, disguise := range []string{"%2e", "%2f", "%5c", "%00", ";", "//"} {
		if strings.Contains(lower, disguise) {
			return false
		}
	}
	return !slices.ContainsFunc(strings.Split(escaped, "/"), func(s string) bool { return s == "." || s == ".." })
}

func matchesReturnURL(entry string, u *url.URL) bool {
	e, err := url.Parse(entry)
	if err != nil || e.Scheme != u.Scheme || !strings.EqualFold(e.Host, u.Host) {
		return false
	}
	path := e.EscapedPath()
	if strings.HasSuffix(path, "/") {
		return strings.HasPrefix(rooted(u.EscapedPath()), path)
	}
	return rooted(u.EscapedPath()) == rooted(path)
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
