// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Refusal is of a client that says of itself what the realm does not take (RFC 7591, section
// 3.2.2).
type Refusal struct {
	// RedirectURI is set where that is what is wrong.
	RedirectURI bool
	// Description is for whoever writes the client, and quotes nothing.
	Description string
}

func (r *Refusal) Error() string { return r.Description }

func refuse(format string, args ...any) error {
	return &Refusal{Description: fmt.Sprintf(format, args...)}
}

const maxRedirectURIs = 20

// said is what a client says of itself, as far as the realm listens (RFC 7591, section 2).
type said struct {
	ID            string          `json:"client_id"`
	Secret        json.RawMessage `json:"client_secret"`
	SecretExpires json.RawMessage `json:"client_secret_expires_at"`
	Name          string          `json:"client_name"`
	URI           string          `json:"client_uri"`
	RedirectURIs  []string        `json:"redirect_uris"`
	GrantTypes    []string        `json:"grant_types"`
	ResponseTypes []string        `json:"response_types"`
	AuthMethod    string          `json:"token_endpoint_auth_method"`
}

// parse reads what a client says of itself. It refuses with *Refusal what is not that.
func parse(document []byte) (said, error) {
	s := said{}
	if !utf8.Valid(document) || !bytes.HasPrefix(bytes.TrimLeft(document, " \t\r\n"), []byte("{")) || json.Unmarshal(document, &s) != nil {
		return said{}, refuse("It must be an object of JSON whose members are as RFC 7591, section 2, has them.")
	}
	return s, nil
}

// metadata is what is kept of what a client says. Of its addresses, checked keeps those that
// answers may go to, or refuses.
func (s said) metadata(checked func([]string) ([]string, error)) (client.Metadata, error) {
	if s.AuthMethod != "" && s.AuthMethod != string(realmconfig.NoAuthMethod) {
		return client.Metadata{}, refuse("token_endpoint_auth_method must be none: who has registered itself is a public client.")
	}
	if len(s.Secret) > 0 || len(s.SecretExpires) > 0 {
		return client.Metadata{}, refuse("There must be no client_secret: who has registered itself is a public client.")
	}
	if len(s.ResponseTypes) > 0 && !slices.Contains(s.ResponseTypes, "code") {
		return client.Metadata{}, refuse("response_types must have code.")
	}
	grants, err := grantsOf(s.GrantTypes)
	if err != nil {
		return client.Metadata{}, err
	}
	name, err := nameOf(s.Name)
	if err != nil {
		return client.Metadata{}, err
	}
	if s.URI != "" && !isPage(s.URI) {
		return client.Metadata{}, refuse("client_uri must be the https URL of a page.")
	}
	uris, err := checked(s.RedirectURIs)
	if err != nil {
		return client.Metadata{}, err
	}
	return client.Metadata{Name: name, URI: s.URI, RedirectURIs: uris, GrantTypes: grants}, nil
}

// grantsOf are those of the asked ones that there are for such a client, both where it does not
// say.
func grantsOf(asked []string) ([]realmconfig.GrantType, error) {
	both := []realmconfig.GrantType{realmconfig.AuthorizationCodeGrant, realmconfig.RefreshTokenGrant}
	if len(asked) == 0 {
		return both, nil
	}
	if !slices.Contains(asked, string(realmconfig.AuthorizationCodeGrant)) {
		return nil, refuse("grant_types must have %s.", realmconfig.AuthorizationCodeGrant)
	}
	return slices.DeleteFunc(both, func(t realmconfig.GrantType) bool { return !slices.Contains(asked, string(t)) }), nil
}

func isPage(text string) bool {
	return strings.HasPrefix(text, "https://") && realmconfig.CheckRedirectURI(realmconfig.ConfidentialClient, text) == nil
}

// registeredURIs refuses addresses one of which no answer may go to, wherever that is: the
// client's user sees which host it is of.
func registeredURIs(uris []string) ([]string, error) {
	if len(uris) == 0 || len(uris) > maxRedirectURIs {
		return nil, &Refusal{RedirectURI: true, Description: fmt.Sprintf("redirect_uris must be one to %d.", maxRedirectURIs)}
	}
	for _, uri := range uris {
		if err := realmconfig.CheckRedirectURI(realmconfig.PublicClient, uri); err != nil {
			return nil, &Refusal{RedirectURI: true, Description: "Each of redirect_uris " + err.Error() + "."}
		}
	}
	return distinct(uris), nil
}

// documentedURIs keeps the addresses of a client's document that are of the origin of its id,
// or of a program on its user's machine, about which that is asked each time. A document may
// have others for other servers.
func documentedURIs(id string) func([]string) ([]string, error) {
	own := originOf(id)
	return func(uris []string) ([]string, error) {
		kept := slices.DeleteFunc(distinct(uris), func(uri string) bool {
			native := realmconfig.Client{ID: id, Type: realmconfig.PublicClient}.IsNativeApp(uri)
			return realmconfig.CheckRedirectURI(realmconfig.PublicClient, uri) != nil || !native && originOf(uri) != own
		})
		if len(kept) == 0 || len(kept) > maxRedirectURIs {
			return nil, &Refusal{RedirectURI: true, Description: fmt.Sprintf(
				"redirect_uris must have one to %d addresses of the client_id's origin, or of the user's own machine.", maxRedirectURIs)}
		}
		return kept, nil
	}
}

// originOf is empty for what has none.
func originOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	origin, err := realmconfig.Origin(u)
	if err != nil {
		return ""
	}
	return origin
}

// distinct are texts in their order, each once.
func distinct(texts []string) []string {
	once := []string{}
	for _, text := range texts {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}
