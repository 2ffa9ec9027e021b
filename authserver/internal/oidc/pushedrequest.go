// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	parPath = Path + "par"
	// pushedURN is what the request_uri of a pushed request begins with (RFC 9126, section
	// 2.2), and pushedPrefix what its own part does.
	pushedURN    = "urn:ietf:params:oauth:request_uri:"
	pushedPrefix = "rkp_"
	// pushedLifetime is enough for a browser to be sent on.
	pushedLifetime = time.Minute
	// sealedPushed is the purpose under which pushed requests are sealed.
	sealedPushed = "pushed authorization request"
)

// PushedRequests keep what clients have pushed. Others may be able to write there, and it
// may forget.
type PushedRequests interface {
	// KeepPushed keeps a sealed request under a name, and reports whether it is kept: there
	// is room for so many of each type of client.
	KeepPushed(ctx context.Context, name string, sealed []byte, of realmconfig.ClientType, ttl time.Duration) bool
	// TakePushed returns what KeepPushed has kept, and forgets it. Of any number of callers
	// at once it does so for one.
	TakePushed(ctx context.Context, name string) ([]byte, bool)
}

// pushed is a request as it is kept.
type pushed struct {
	// Query is the request, as the address of the authorization endpoint would have it.
	Query string    `json:"query"`
	Until time.Time `json:"until"`
}

// pushedBody is the answer to a pushed request (RFC 9126, section 2.2). ExpiresIn is in
// seconds.
type pushedBody struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// push is the pushed authorization request endpoint (RFC 9126, section 2.1). What is wrong
// with a request, its client is told here, before anybody is sent anywhere.
func (s *Service) push(ctx context.Context, c call) (any, error) {
	if c.has("request_uri") {
		return nil, refuse(InvalidRequest, "A request that is pushed cannot name another one by request_uri.")
	}
	c, err := s.pushedKey(ctx, c)
	if err != nil {
		return nil, err
	}
	values := requestOf(c)
	query := values.Encode()
	if len(query) > maxQuery {
		return nil, errorOf(auth.Refuse(auth.BodyTooLarge))
	}
	to, err := targetOf(ctx, s.Clients, values)
	if err != nil {
		return nil, &Error{Code: InvalidRequest, Description: "redirect_uri is missing, or the client has not registered it.", Cause: err}
	}
	if _, err := s.check(to.client, values); err != nil {
		return nil, err
	}
	uri, err := s.keepPushed(ctx, c.client, query)
	if err != nil {
		return nil, err
	}
	return created{pushedBody{RequestURI: uri, ExpiresIn: int64(pushedLifetime / time.Second)}}, nil
}

// pushedKey is c with the key that the client holds, for which the request may say
// dpop_jkt as well, or instead (RFC 9449, section 10.1).
func (s *Service) pushedKey(ctx context.Context, c call) (call, error) {
	if len(c.proofs) == 0 {
		return c, nil
	}
	c, err := s.proven(ctx, c)
	if err == nil && c.has(keyParameter) && c.get(keyParameter) != c.key {
		err = refuse(InvalidDPoPProof, "dpop_jkt is another key than the proof is signed with.")
	}
	return c, err
}

// requestOf is what a client asks for, without what has shown who it is.
func requestOf(c call) url.Values {
	values := url.Values{}
	for name, all := range c.values {
		if name != "client_secret" && !strings.HasPrefix(name, "client_assertion") {
			values[name] = all
		}
	}
	values.Set("client_id", c.client.ID)
	if c.key != "" {
		values.Set(keyParameter, c.key)
	}
	return values
}

// keepPushed keeps a request for its client, and is the request_uri by which it is found.
// It refuses with auth.Busy where nothing can be kept at present.
func (s *Service) keepPushed(ctx context.Context, client realmconfig.Client, query string) (string, error) {
	id, err := auth.NewOpaque(pushedPrefix, s.Random)
	if err != nil {
		return "", err
	}
	document, err := json.Marshal(pushed{Query: query, Until: s.Now().Add(pushedLifetime)})
	if err != nil {
		return "", fmt.Errorf("encode pushed request: %w", err)
	}
	name := pushedName(id)
	sealed, err := s.Journeys.Sealer.Seal(sealedPushed, pushedBy(client.ID, name), document)
	if err != nil {
		return "", err
	}
	if !s.Pushed.KeepPushed(ctx, name, sealed, client.Type, pushedLifetime) {
		return "", auth.RefuseFor(auth.Busy, time.Second)
	}
	return pushedURN + string(id), nil
}

// pushedName is what a request is kept under: whoever can read there learns of no
// request_uri.
func pushedName(id auth.Secret) string {
	hash := auth.HashOf(id)
	return hex.EncodeToString(hash[:])
}

// pushedBy is who owns a pushed request: it is another client's nothing. Names have no
// spaces.
func pushedBy(clientID, name string) string { return name + " " + clientID }

// isPushed reports whether a browser brings a pushed request.
func isPushed(values url.Values) bool {
	return strings.HasPrefix(values.Get("request_uri"), pushedURN)
}

// takeUp makes a journey of a pushed request, which is good for nothing from then on. The
// page that follows has an address of the journey, so that it can be loaded again.
func (s *Service) takeUp(w http.ResponseWriter, r *http.Request, values url.Values) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet) // a HEAD must not use anything up
		s.Pages.Fail(w, r, auth.Refuse(auth.MethodNotAllowed))
		return
	}
	query, found := s.takePushed(r.Context(), values)
	if !found {
		s.Pages.Fail(w, r, auth.RefuseBecause(auth.ClientRequestInvalid, auth.RequestURIUnknown))
		return
	}
	sealed, err := s.Journeys.Seal(request.Journey{Query: query, Pushed: true, Began: s.Now()})
	if err != nil {
		s.Pages.Fail(w, r, &auth.Error{Code: auth.ClientRequestInvalid, Cause: err})
		return
	}
	redirect(w, request.ResumeAddress(sealed))
}

// takePushed is the request that a browser names, for the last time; false for one that has
// expired, was taken before, or is of another client than the browser says. Whatever else
// the browser says is none of the client's (RFC 9126, section 4; RFC 9101, section 6.3).
func (s *Service) takePushed(ctx context.Context, values url.Values) (string, bool) {
	uri, ok := once(values, "request_uri")
	id := auth.Secret(strings.TrimPrefix(uri, pushedURN))
	clientID, named := once(values, "client_id")
	if !ok || !named || !auth.IsOpaque(pushedPrefix, id) {
		return "", false
	}
	name := pushedName(id)
	sealed, found := s.Pushed.TakePushed(ctx, name)
	if !found {
		return "", false
	}
	document, err := s.Journeys.Sealer.Open(sealedPushed, pushedBy(clientID, name), sealed)
	if err != nil {
		return "", false
	}
	p := pushed{}
	return p.Query, json.Unmarshal(document, &p) == nil && s.Now().Before(p.Until)
}
