// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/realmkeeper/realmkeeper/authserver/internal/httpapi"
)

// contract is the API's description, which every answer of the suite is held
// against.
type contract struct{ operations []operation }

type operation struct {
	method, path string
	// bearer is set where an access token is taken.
	bearer, body bool
	responses    map[int]map[string]*jsonschema.Schema // by status and media type
	raw, schemas map[string]any
}

var readContract = sync.OnceValues(func() (*contract, error) {
	document, err := httpapi.Document()
	if err != nil {
		return nil, err
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	root := tree.(map[string]any)
	schemas := root["components"].(map[string]any)["schemas"].(map[string]any)
	for _, s := range schemas {
		closeObjects(s)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("api.json", tree); err != nil {
		return nil, err
	}
	c := &contract{}
	for path, methods := range root["paths"].(map[string]any) {
		for method, o := range methods.(map[string]any) {
			raw := o.(map[string]any)
			op := operation{
				method: strings.ToUpper(method), path: path, raw: raw, schemas: schemas, responses: map[int]map[string]*jsonschema.Schema{},
				bearer: len(raw["security"].([]any)) > 0, body: dig(raw, "requestBody", "content", "application/json") != nil,
			}
			for status, response := range raw["responses"].(map[string]any) {
				n, err := strconv.Atoi(status)
				if err != nil {
					return nil, err
				}
				op.responses[n] = map[string]*jsonschema.Schema{}
				contents, _ := response.(map[string]any)["content"].(map[string]any)
				for mediaType := range contents {
					pointer := []string{"paths", path, method, "responses", status, "content", mediaType, "schema"}
					for i, token := range pointer {
						pointer[i] = url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
					}
					if op.responses[n][mediaType], err = compiler.Compile("api.json#/" + strings.Join(pointer, "/")); err != nil {
						return nil, err
					}
				}
			}
			c.operations = append(c.operations, op)
		}
	}
	slices.SortFunc(c.operations, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return c, nil
})

// closeObjects allows no member that is not described: one that nobody knows of
// is a leak or a gap in the description.
func closeObjects(node any) {
	switch n := node.(type) {
	case map[string]any:
		if n["properties"] != nil && n["additionalProperties"] == nil {
			n["additionalProperties"] = false
		}
		for _, child := range n {
			closeObjects(child)
		}
	case []any:
		for _, child := range n {
			closeObjects(child)
		}
	}
}

// check holds one answer against the description. What no route answers must be
// refused as such.
func (c *contract) check(method, path string, a answer) error {
	if ofRFC(path) {
		return checkRFC(a)
	}
	op, found := c.find(method, path)
	if !found {
		if a.Problem.Code == "not_found" || a.Problem.Code == "method_not_allowed" || a.Status < 400 && method == http.MethodOptions {
			return nil
		}
		return fmt.Errorf("%s %s is not described, and answered %d", method, path, a.Status)
	}
	contents, described := op.responses[a.Status]
	if !described {
		return fmt.Errorf("%s %s: %d %s is not described: add it to the route's refuses or also", op.method, op.path, a.Status, a.Problem.Code)
	}
	if a.Body == "" {
		if len(contents) > 0 && method != http.MethodHead {
			return fmt.Errorf("%s %s: the described body of a %d is missing", op.method, op.path, a.Status)
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || contents[mediaType] == nil {
		return fmt.Errorf("%s %s: a %d of type %q is not described", op.method, op.path, a.Status, mediaType)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.Body))
	if err != nil {
		return fmt.Errorf("%s %s: %w", op.method, op.path, err)
	}
	if err := contents[mediaType].Validate(value); err != nil {
		return fmt.Errorf("%s %s: a %d %s is not as described; a code that is missing belongs into the route's refuses: %w", op.method, op.path, a.Status, a.Problem.Code, err)
	}
	return nil
}

// ofRFC reports whether an address is answered as RFCs say, and not as we describe.
func ofRFC(path string) bool {
	return strings.Contains(path, "/oauth2/") || strings.Contains(path, "/.well-known/")
}

// checkRFC holds an answer against what all RFCs of OAuth 2.0 have in common: a success
// is JSON or empty, and a refusal names itself (RFC 6749, section 5.2), but for what no
// endpoint has refused.
func checkRFC(a answer) error {
	if a.Problem.Code != "" || a.Status < 300 && a.Body == "" || a.Status == http.StatusNotModified {
		return nil
	}
	refusal := struct {
		Error, Description string
	}{}
	err := json.Unmarshal([]byte(a.Body), &refusal)
	if a.Header.Get("Content-Type") != "application/json" || err != nil || (a.Status >= 400) != (refusal.Error != "") {
		return fmt.Errorf("%d %s is no answer of OAuth 2.0", a.Status, a.Body)
	}
	return nil
}

// find prefers a path that is there literally to one with parameters.
func (c *contract) find(method, path string) (operation, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	best, found := operation{}, false
	for _, op := range c.operations {
		if op.method == method && op.matches(path) && (!found || strings.Count(op.path, "{") < strings.Count(best.path, "{")) {
			best, found = op, true
		}
	}
	return best, found
}

func (o operation) matches(path string) bool {
	template, parts := strings.Split(o.path, "/"), strings.Split(path, "/")
	if len(template) != len(parts) {
		return false
	}
	for i, t := range template {
		if !strings.HasPrefix(t, "{") && t != parts[i] || strings.HasPrefix(t, "{") && parts[i] == "" {
			return false
		}
	}
	return true
}

// asDescribed fails the test whose answer the description does not foresee.
func (s *server) asDescribed(response *http.Response, a answer) {
	s.t.Helper()
	if response.Request.URL.Hostname() != issuerHost {
		return // a redirect has led elsewhere
	}
	c, err := readContract()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.check(response.Request.Method, response.Request.URL.EscapedPath(), a); err != nil {
		s.t.Error(err)
	}
}

func TestTheContractNoticesWhatIsWrong(t *testing.T) {
	t.Parallel()
	c, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	typed := func(mediaType string) http.Header { return http.Header{"Content-Type": {mediaType}} }
	problem := func(code string) string {
		return `{"type": "urn:x", "title": "x", "status": 404, "detail": "x", "requestId": "x", "code": "` + code + `"}`
	}
	const login = "/api/auth/login"
	for name, a := range map[string]answer{
		"a status nobody described": {Status: 418, Header: typed("application/json"), Body: "{}"},
		"a missing member":          {Status: 200, Header: typed("application/json"), Body: `{"access_token": "x"}`},
		"a missing body":            {Status: 200, Header: typed("application/json")},
		"a foreign code":            {Status: 404, Header: typed("application/problem+json"), Body: problem("not_found")},
		"a foreign media type":      {Status: 404, Header: typed("application/json"), Body: problem("user_not_found")},
		"a member nobody described": {Status: 404, Header: typed("application/problem+json"), Body: strings.Replace(problem("user_not_found"), "{", `{"stack": "x", `, 1)},
	} {
		if c.check(http.MethodPost, login, a) == nil {
			t.Errorf("%s goes unnoticed", name)
		}
	}
	if err := c.check(http.MethodPost, login, answer{Status: 404, Header: typed("application/problem+json"), Body: problem("user_not_found")}); err != nil {
		t.Error(err)
	}
	if c.check(http.MethodGet, "/api/nowhere", answer{Status: 200}) == nil {
		t.Error("a route that nobody described goes unnoticed")
	}
}
