// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Every endpoint at which clients show who they are reads forms in one way.
func TestEndpointsOfClientsTakeOneForm(t *testing.T) {
	t.Parallel()
	client := newOAuthClient("web", byPost)
	s := newRealmWithClients(t, client).serve()
	genuine := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"orders:read"}, "token": {"x"}, "token_type_hint": {"access_token"},
		"client_id": {client.ID}, "client_secret": {client.secret}, "code": {"x"}, "refresh_token": {"x"}, "code_verifier": {"x"},
		"redirect_uri": {"https://app.example.com"},
	}
	const large = 1 << 20
	for _, path := range []string{tokenPath, introspectPath, revokePath} {
		send := func(body string, headers ...string) answer {
			t.Helper()
			r := newFormRequest(t, path, body)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			return s.do(r)
		}
		if a := send(genuine.Encode(), "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"); a.Status != http.StatusOK {
			t.Errorf("%s: the genuine request is answered %d %s", path, a.Status, a.Body)
		}
		for name := range genuine {
			encoded := url.QueryEscape(name)
			s.refuses(send(genuine.Encode()+"&"+encoded+"=hostile"), http.StatusBadRequest, "invalid_request")
			s.refuses(send(genuine.Encode()+"&"+encoded+"="), http.StatusBadRequest, "invalid_request")
			s.refuses(send(genuine.Encode()+"&%"+encoded), http.StatusBadRequest, "invalid_request")
			without := cloneOf(genuine)
			without.Del(name)
			for kind, value := range map[string]string{
				"NUL": "%00", "a line break": "a%0Ab", "bytes that are no text": "%ff%fe", "half an escape": "%4", "no escape": "%zz", "a semicolon": "a;b=c",
			} {
				if a := send(without.Encode() + "&" + encoded + "=" + value); a.Status != http.StatusBadRequest {
					t.Errorf("%s: %s with %s is answered %d %s", path, name, kind, a.Status, a.Body)
				}
			}
			empty := cloneOf(genuine)
			empty.Set(name, "")
			absent, blank := send(without.Encode()), send(empty.Encode())
			if absent.Status != blank.Status {
				t.Errorf("%s: %s is absent: %d, empty: %d", path, name, absent.Status, blank.Status)
			}
			without.Set(name, strings.Repeat("A", large))
			s.refuses(send(without.Encode()), http.StatusRequestEntityTooLarge, "invalid_request")
		}
		for what, a := range map[string]answer{
			"JSON":                    send(`{"grant_type": "client_credentials"}`, "Content-Type", "application/json"),
			"no type":                 send(genuine.Encode(), "Content-Type", ""),
			"another charset":         send(genuine.Encode(), "Content-Type", "application/x-www-form-urlencoded; charset=utf-16"),
			"a type that is none":     send(genuine.Encode(), "Content-Type", ";;;"),
			"several parts":           send(genuine.Encode(), "Content-Type", "multipart/form-data; boundary=x"),
			"parameters as a query":   s.do(newFormRequest(t, path+"?"+genuine.Encode(), "")),
			"a secret in the address": s.do(newFormRequest(t, path+"?client_secret=x", genuine.Encode())),
		} {
			if a.Status != http.StatusBadRequest {
				t.Errorf("%s: %s is answered %d", path, what, a.Status)
				continue
			}
			s.refuses(a, http.StatusBadRequest, "invalid_request")
		}
		s.refuses(send(""), http.StatusUnauthorized, "invalid_client")
		if a := s.do(newRequest(t, http.MethodGet, path, nil)); a.Status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s is answered %d", path, a.Status)
		}
	}
}

func cloneOf(v url.Values) url.Values {
	clone := url.Values{}
	for name, values := range v {
		clone[name] = append([]string{}, values...)
	}
	return clone
}

func TestClientsShowWhoTheyAreInTheirOneWay(t *testing.T) {
	t.Parallel()
	basic, post := newOAuthClient("basic"), newOAuthClient("post", byPost)
	key, pages := newOAuthClient("key", byKey), newOAuthClient("pages", public("https://app.example.com"))
	s := newRealmWithClients(t, basic, post, key, pages).serve()
	own := url.Values{"grant_type": {"client_credentials"}}
	header := func(scheme, id, secret string) string {
		return scheme + " " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	with := func(pairs ...string) url.Values {
		v := cloneOf(own)
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	assertion := func() url.Values {
		return with("client_assertion_type", jwtBearer, "client_assertion", key.assertion(t, nil))
	}
	const unauthorized, bad = http.StatusUnauthorized, http.StatusBadRequest
	for name, c := range map[string]struct {
		body    url.Values
		headers []string
		status  int
		code    string
	}{
		"Basic":                            {body: own, headers: []string{header("Basic", basic.ID, basic.secret)}, status: 200},
		"Basic in other letters":           {body: own, headers: []string{header("bASIC", basic.ID, basic.secret)}, status: 200},
		"Basic, encoded as a form":         {body: own, headers: []string{header("Basic", strings.ReplaceAll(basic.ID, ".", "%2E"), "%"+hexOf(basic.secret[0])+basic.secret[1:])}, status: 200},
		"Basic with client_id as well":     {body: with("client_id", basic.ID), headers: []string{header("Basic", basic.ID, basic.secret)}, status: 200},
		"Basic and another client_id":      {body: with("client_id", post.ID), headers: []string{header("Basic", basic.ID, basic.secret)}, status: bad, code: "invalid_request"},
		"a wrong secret":                   {body: own, headers: []string{header("Basic", basic.ID, "wrong")}, status: unauthorized, code: "invalid_client"},
		"no secret":                        {body: own, headers: []string{header("Basic", basic.ID, "")}, status: unauthorized, code: "invalid_client"},
		"another's secret":                 {body: own, headers: []string{header("Basic", basic.ID, post.secret)}, status: unauthorized, code: "invalid_client"},
		"a longer secret":                  {body: own, headers: []string{header("Basic", basic.ID, basic.secret+"A")}, status: unauthorized, code: "invalid_client"},
		"the digest of the secret":         {body: own, headers: []string{header("Basic", basic.ID, storedDigest(basic))}, status: unauthorized, code: "invalid_client"},
		"a client that nobody knows":       {body: own, headers: []string{header("Basic", "shop.nobody", basic.secret)}, status: unauthorized, code: "invalid_client"},
		"Basic with a bad escape":          {body: own, headers: []string{header("Basic", basic.ID, "%zz")}, status: unauthorized, code: "invalid_client"},
		"Basic that is no base64":          {body: own, headers: []string{"Basic ????"}, status: unauthorized, code: "invalid_client"},
		"Basic without a colon":            {body: own, headers: []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(basic.ID))}, status: unauthorized, code: "invalid_client"},
		"another scheme":                   {body: own, headers: []string{"Bearer " + basic.secret}, status: unauthorized, code: "invalid_client"},
		"two headers":                      {body: own, headers: []string{header("Basic", basic.ID, basic.secret), header("Basic", basic.ID, basic.secret)}, status: unauthorized, code: "invalid_client"},
		"the right secret in the body":     {body: with("client_id", basic.ID, "client_secret", basic.secret), status: unauthorized, code: "invalid_client"},
		"POST":                             {body: with("client_id", post.ID, "client_secret", post.secret), status: 200},
		"POST without client_id":           {body: with("client_secret", post.secret), status: unauthorized, code: "invalid_client"},
		"POST's secret by Basic":           {body: own, headers: []string{header("Basic", post.ID, post.secret)}, status: unauthorized, code: "invalid_client"},
		"two ways at once":                 {body: with("client_secret", basic.secret), headers: []string{header("Basic", basic.ID, basic.secret)}, status: bad, code: "invalid_request"},
		"an assertion":                     {body: assertion(), status: 200},
		"an assertion and Basic":           {body: assertion(), headers: []string{header("Basic", key.ID, "")}, status: bad, code: "invalid_request"},
		"an assertion and a secret":        {body: merged(assertion(), "client_secret", "x"), status: bad, code: "invalid_request"},
		"an assertion of another type":     {body: merged(assertion(), "client_assertion_type", "urn:x"), status: bad, code: "invalid_request"},
		"an assertion without a type":      {body: merged(assertion(), "client_assertion_type", ""), status: bad, code: "invalid_request"},
		"a type without an assertion":      {body: with("client_assertion_type", jwtBearer), status: bad, code: "invalid_request"},
		"an assertion of another":          {body: merged(assertion(), "client_id", basic.ID), status: unauthorized, code: "invalid_client"},
		"nothing, of a client with a key":  {body: with("client_id", key.ID), status: unauthorized, code: "invalid_client"},
		"nothing, of one with a secret":    {body: with("client_id", basic.ID), status: unauthorized, code: "invalid_client"},
		"nothing at all":                   {body: own, status: unauthorized, code: "invalid_client"},
		"a public client with a secret":    {body: with("client_id", pages.ID, "client_secret", "x"), status: unauthorized, code: "invalid_client"},
		"a public client with a header":    {body: own, headers: []string{header("Basic", pages.ID, "")}, status: unauthorized, code: "invalid_client"},
		"a public client, as it should be": {body: with("client_id", pages.ID), status: bad, code: "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFormRequest(t, tokenPath, c.body.Encode())
			r.Header["Authorization"] = c.headers
			a := s.do(r)
			if c.status == http.StatusOK {
				suite.secrets.used(decode[clientTokens](t, a, http.StatusOK).Access)
				return
			}
			s.refuses(a, c.status, c.code)
		})
	}
}

// hexOf is a byte as an escape has it.
func hexOf(b byte) string {
	return strings.ToUpper(string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15]))
}

func storedDigest(c oauthClient) string {
	text, _ := c.Secrets[0].SHA256.MarshalText()
	return string(text)
}

func merged(v url.Values, name, value string) url.Values {
	v.Set(name, value)
	return v
}

// An old secret is good beside the new one until it is taken away.
func TestASecretIsReplacedUnnoticed(t *testing.T) {
	t.Parallel()
	client := newOAuthClient("web")
	renewed := newOAuthClient("web")
	both := renewed
	both.Secrets[0].ID = "two"
	both.Secrets = append(append([]realmconfig.ClientSecret{}, renewed.Secrets...), client.Secrets...)
	r := newRealmWithClients(t, client)
	s := r.serve()
	s.tokenFor(client, nil)
	r.register(both)
	s.eventually("the new secret is good", func() bool {
		return s.ask(renewed, tokenPath, url.Values{"grant_type": {"client_credentials"}}).Status == http.StatusOK
	})
	s.tokenFor(client, nil)
	r.register(renewed)
	s.eventually("the old secret is gone", func() bool {
		return s.ask(client, tokenPath, url.Values{"grant_type": {"client_credentials"}}).Status == http.StatusUnauthorized
	})
	s.tokenFor(renewed, nil)
}
