// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// CheckRedirectURI says why a client of a type may not have its answers sent to
// uri. It takes https URLs, http ones of the own machine (RFC 8252, section 7.3) and,
// of public clients, private-use schemes with a dot such as
// com.example.app:/callback (section 7.1). The error does not quote the URI.
func CheckRedirectURI(t ClientType, uri string) error {
	if len(uri) > MaxClientURI {
		return fmt.Errorf("must be %d bytes at most", MaxClientURI)
	}
	if uri == "" || !isVisible(uri) || strings.ContainsAny(uri, "\\\"<>^`{|}") {
		return errors.New("must be a URL in ASCII, other characters escaped by %")
	}
	if strings.Contains(uri, "*") {
		return errors.New("must be one URL, without *")
	}
	if strings.Contains(uri, "#") {
		return errors.New("must have no fragment")
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return errors.New("must be a URL such as https://app.example.com/callback")
	}
	if u.User != nil {
		return errors.New("must have no user")
	}
	if err := checkQuery(u.RawQuery); err != nil {
		return err
	}
	return checkScheme(t, u, uri)
}

func checkScheme(t ClientType, u *url.URL, uri string) error {
	switch {
	case u.Scheme == "https":
		if !isHTTP(uri) {
			return errors.New("must be a URL such as https://app.example.com/callback")
		}
		_, err := Origin(u)
		return err
	case u.Scheme == "http":
		if _, _, ok := loopback(uri); !ok {
			return errors.New("must start with https://, or be of 127.0.0.1, [::1] or localhost")
		}
		return nil
	case t != PublicClient:
		return errors.New("must start with https://")
	case !strings.Contains(u.Scheme, "."):
		return errors.New("must start with https://, or with a scheme that has a dot, such as com.example.app:/callback")
	case strings.ContainsFunc(u.Host, notInHost):
		return errors.New("must have a host of letters, digits, dots and hyphens, or none")
	default:
		return nil
	}
}

func notInHost(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && !strings.ContainsRune("-.:", r)
}

// checkQuery keeps out what an answer says (RFC 6749, section 4.1.2; RFC 9207): a
// parameter that stands twice is read in two ways.
func checkQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return errors.New("must have a query of names and values, or none")
	}
	for _, name := range []string{"code", "state", "iss", "error", "error_description", "error_uri"} {
		if query.Has(name) {
			return fmt.Errorf("must not have the parameter %s, which answers have", name)
		}
	}
	return nil
}

// AllowsRedirectURI reports whether the client's answers may go to uri: one of
// RedirectURIs, letter by letter. A public client's on its own machine may have any
// port (RFC 8252, section 7.3), since the system gives it one as it starts; but not those
// of FirstParty, which are pages.
func (c Client) AllowsRedirectURI(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	host, rest, ok := loopback(uri)
	return ok && c.Type == PublicClient && !c.IsFirstParty() && slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		h, r, ok := loopback(registered)
		return ok && h == host && r == rest
	})
}

// loopback splits a URI of the own machine into its host and what follows the port.
// It reads the text and no parsed URL: nothing may be left over that a browser could
// read in another way.
func loopback(uri string) (host, rest string, ok bool) {
	after, found := strings.CutPrefix(uri, "http://")
	if !found {
		return "", "", false
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		rest, found := strings.CutPrefix(after, host)
		if !found {
			continue
		}
		if digits, found := strings.CutPrefix(rest, ":"); found {
			rest = strings.TrimLeft(digits, "0123456789")
			port, err := strconv.Atoi(digits[:len(digits)-len(rest)])
			if err != nil || port < 1 || port > 65535 {
				return "", "", false
			}
		}
		return host, rest, rest == "" || rest[0] == '/' || rest[0] == '?'
	}
	return "", "", false
}
