// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

const (
	// maxSubject and maxName are in bytes; a subject is at most 255 (OpenID
	// Connect Core 1.0, section 2).
	maxSubject = 255
	maxName    = 200
)

// profile is the members of an ID token or of a user's profile.
type profile map[string]any

// UnmarshalJSON keeps the digits of numbers: an identifier may be one.
func (p *profile) UnmarshalJSON(document []byte) error {
	members := map[string]any{}
	if err := decodeJSON(document, &members); err != nil {
		return err
	}
	if members == nil {
		return fault("its answer is nothing")
	}
	*p = members
	return nil
}

// text is a member that is a string or a whole number.
func (p profile) text(name string) string {
	switch v := p[name].(type) {
	case string:
		return v
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return v.String()
		}
	}
	return ""
}

// truth is a member that means yes; some providers write it as text or number.
func (p profile) truth(name string) bool {
	yes, _ := p[name].(bool)
	text := p.text(name)
	return yes || strings.EqualFold(text, "true") || text == "1"
}

// claims are the names of members for this provider: the realm's, or the type's own.
func (p *provider) claims() realmconfig.Claims {
	own := realmconfig.Claims{Subject: "sub", Email: "email", EmailVerified: "email_verified", Name: "name"}
	switch p.Type {
	case realmconfig.GitHub:
		own.Subject = "id"
	case realmconfig.Google, realmconfig.GitLab, realmconfig.OIDC, realmconfig.OAuth2:
		// OpenID Connect's own names (Core 1.0, section 5.1).
	case realmconfig.Microsoft:
		// Anybody may write any address into a Microsoft account. This claim says
		// that the tenant owns its domain.
		own.EmailVerified = "xms_edov"
	}
	return realmconfig.Claims{
		Subject:       cmp.Or(p.Claims.Subject, own.Subject),
		Email:         cmp.Or(p.Claims.Email, own.Email),
		EmailVerified: cmp.Or(p.Claims.EmailVerified, own.EmailVerified),
		Name:          cmp.Or(p.Claims.Name, own.Name),
	}
}

// complete reports whether a profile says everything that is asked of it.
func (p *provider) complete(members profile) bool {
	c := p.claims()
	_, says := members[c.EmailVerified]
	if p.Groups != nil && members[p.Groups.ClaimName()] == nil {
		return false
	}
	return members.text(c.Subject) != "" && members.text(c.Email) != "" && (says || p.TrustEmail || p.Type == realmconfig.Microsoft)
}

// identity reads a profile.
func (p *provider) identity(issuer string, members profile) (federation.Identity, error) {
	c := p.claims()
	i := federation.Identity{Issuer: issuer, Subject: members.text(c.Subject), Name: nameOf(members.text(c.Name))}
	if i.Subject == "" || len(i.Subject) > maxSubject || strings.ContainsFunc(i.Subject, unprintable) {
		return federation.Identity{}, fault("its profile does not say who the user is")
	}
	// Whoever vouches for what is no address vouches for none.
	if email, err := mailaddress.Parse(members.text(c.Email)); err == nil {
		i.Email = string(email)
		i.EmailVerified = p.TrustEmail || members.truth(c.EmailVerified)
	}
	if p.Groups != nil {
		i.Groups = members[p.Groups.ClaimName()]
	}
	return i, nil
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// nameOf is a name as far as it can be shown and kept.
func nameOf(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, name))
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// faultOr keeps what we found out ourselves behind a library's words.
func faultOr(err error, otherwise fault) error {
	var ours fault
	if errors.As(err, &ours) {
		return ours
	}
	return otherwise
}
