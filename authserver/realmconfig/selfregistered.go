// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// RegisteredPrefix begins the ids of clients that have registered themselves (RFC 7591). What
// follows is a UUID: without a dot, no client that the cluster declares has such an id.
const RegisteredPrefix = "registered-"

var registeredID = regexp.MustCompile(`^` + RegisteredPrefix + `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// IsRegisteredID reports whether a text can be the id of a client that has registered itself.
func IsRegisteredID(id string) bool {
	return strings.HasPrefix(id, RegisteredPrefix) && registeredID.MatchString(id)
}

// IsDocumentID reports whether a text can be the id of a client that is known by a metadata
// document at that address (draft-ietf-oauth-client-id-metadata-document, section 3): an https
// URL with a path, without query, in the one form in which every library and every browser
// reads it. It has 255 bytes at most.
func IsDocumentID(id string) bool {
	if !strings.HasPrefix(id, "https://") { // as nearly all
		return false
	}
	u, err := url.Parse(id)
	return err == nil && u.Path != "" && checkResource(id) == nil
}

// IsSelfRegisteredID reports whether a text can be the id of a client that nobody declares in
// the cluster, in either way. No declared client's id is one.
func IsSelfRegisteredID(id string) bool { return IsRegisteredID(id) || IsDocumentID(id) }

// RegisteredItself reports whether nobody declares the client in the cluster.
func (c Client) RegisteredItself() bool { return IsSelfRegisteredID(c.ID) }

// TakesClient reports whether the realm has clients that have registered themselves in the way
// that an id is of: what is switched off ends those that came by it.
func (c Clients) TakesClient(id string) bool {
	if IsRegisteredID(id) {
		return c.Registration != nil
	}
	return c.MetadataDocuments != nil && IsDocumentID(id) && c.MetadataDocuments.allows(id)
}

// MetadataDocuments says which clients may be known by a document of their own.
type MetadataDocuments struct {
	// Hosts are those of their ids, a hundred at most: a name, with a port where that is not
	// 443, or *. and a name of two labels at least for every name below that.
	Hosts []string `json:"hosts"`
}

// maxDocumentHosts is beyond what somebody would look through.
const maxDocumentHosts = 100

func (d MetadataDocuments) validate(p *problems) {
	p.check(len(d.Hosts) > 0, "clients.metadataDocuments.hosts: must name at least one")
	distinct(p, "clients.metadataDocuments.hosts", d.Hosts, maxDocumentHosts, isDocumentHost,
		"must be a host such as app.example.com or *.example.com, in lower case")
}

func isDocumentHost(text string) bool {
	name, below := strings.CutPrefix(text, "*.")
	u, err := url.Parse("https://" + name + "/")
	if err != nil || u.Host != name || below && (u.Port() != "" || !strings.Contains(name, ".")) || strings.HasPrefix(name, "[") {
		return false
	}
	labels := strings.Split(u.Hostname(), ".")
	origin, err := Origin(u)
	return err == nil && origin == "https://"+name && !isNumber(labels[len(labels)-1])
}

// allows reports whether the host of a client's id is one of these.
func (d MetadataDocuments) allows(id string) bool {
	u, err := url.Parse(id)
	return err == nil && slices.ContainsFunc(d.Hosts, func(host string) bool {
		if above, found := strings.CutPrefix(host, "*"); found {
			return strings.HasSuffix(u.Host, above) && len(u.Host) > len(above)
		}
		return u.Host == host
	})
}

// AllowsOrigin reports whether pages of an origin may be those of such a client, whose
// addresses are of the origin of its id.
func (d MetadataDocuments) AllowsOrigin(origin string) bool {
	return IsDocumentID(origin+"/") && d.allows(origin)
}

// ClientRegistration lets clients register themselves (RFC 7591).
type ClientRegistration struct {
	// InitialAccessTokens are those that whoever registers a client shows one of (section 1.2):
	// ten at most, and none where nobody may at present. Each is 32 to 512 characters that
	// nobody can guess.
	InitialAccessTokens []SecretDigest `json:"initialAccessTokens,omitempty"`
	// ExpiresAfter is how long a client lasts after the day on which it was registered or last
	// given a token: 1h to 8760h, which is a year, 720h by default.
	ExpiresAfter Duration `json:"expiresAfter"`
}

// How many initial access tokens there may be, and how long each is, in bytes.
const (
	MaxInitialAccessTokens   = 10
	MinInitialAccessTokenLen = 32
	MaxInitialAccessTokenLen = 512
)

// DefaultClientRegistration is what a realm has that lets clients register themselves and says
// no more.
func DefaultClientRegistration() ClientRegistration {
	return ClientRegistration{ExpiresAfter: Duration(30 * 24 * time.Hour)}
}

// Open reports whether somebody may register a client now.
func (r *ClientRegistration) Open() bool { return r != nil && len(r.InitialAccessTokens) > 0 }

func (r ClientRegistration) validate(p *problems) {
	p.check(len(r.InitialAccessTokens) <= MaxInitialAccessTokens, "clients.registration.initialAccessTokens: must be %d at most", MaxInitialAccessTokens)
	for i, digest := range r.InitialAccessTokens {
		p.check(digest != SecretDigest{}, "clients.registration.initialAccessTokens[%d]: must not be empty", i)
		p.check(!slices.Contains(r.InitialAccessTokens[:i], digest), "clients.registration.initialAccessTokens[%d]: stands twice", i)
	}
	p.duration("clients.registration.expiresAfter", r.ExpiresAfter, time.Hour, 365*24*time.Hour)
}

// IsInitialAccessToken reports whether a text can be one: such that a header can hold it
// (RFC 6750, section 2.1), and too long to guess.
func IsInitialAccessToken(text string) bool {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-._~+/=", r)
	}
	return len(text) >= MinInitialAccessTokenLen && len(text) <= MaxInitialAccessTokenLen && !strings.ContainsFunc(text, odd)
}
