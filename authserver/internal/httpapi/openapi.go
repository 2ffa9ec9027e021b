// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

//go:generate go test . -run Current$ -count=1 -update

const openAPIPath = "/api/openapi.json"

func (a *API) openAPIRoutes() []route {
	document := sync.OnceValues(compactDocument) // not now: it asks for all routes, and this is one
	return []route{{
		method: "GET", path: openAPIPath, summary: "This description (OpenAPI 3.1)", status: http.StatusOK, also: []int{http.StatusNotModified},
		in: reflect.TypeFor[empty](), out: reflect.TypeFor[json.RawMessage](),
		handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			description, err := document()
			if err != nil {
				a.problems.Write(w, r, err)
				return
			}
			request.ServeDocument(w, r, description, time.Duration(a.Settings().Tokens.JWKSMaxAge))
		}),
	}}
}

// compactDocument is Document without what is for people's eyes.
func compactDocument() ([]byte, error) {
	document, err := Document()
	if err != nil {
		return nil, err
	}
	return json.Marshal(json.RawMessage(document))
}

// Document describes the API in OpenAPI 3.1, as JSON. It is made from the list of
// routes alone and is the same for every realm.
func Document() ([]byte, error) {
	d := &describer{schemas: orderedMap[*schema]{}, codes: map[auth.Code]bool{}}
	paths := orderedMap[orderedMap[operation]]{}
	tags := []tag{}
	for _, r := range new(API).routes() {
		op := d.operation(r)
		paths = paths.with(r.path, paths.get(r.path).with(strings.ToLower(r.method), op))
		if t := tagOf(r.path); !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	document, err := json.MarshalIndent(openAPI{
		OpenAPI: "3.1.0",
		Info: info{
			Title:   "Realmkeeper auth API",
			Version: "v1",
			Description: "Sign-in, sessions, second factors and accounts of one realm. " +
				"Every error is a problem (RFC 9457) whose `code` never changes its meaning.",
			License: license{"Apache-2.0", "Apache-2.0"},
		},
		Servers:    []server{{"/", "The realm's issuer"}},
		Security:   []orderedMap[[]string]{},
		Tags:       tags,
		Paths:      paths,
		Components: d.components(),
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode OpenAPI document: %w", err)
	}
	return append(document, '\n'), nil
}

// describer gathers what operations refer to.
type describer struct {
	schemas orderedMap[*schema]
	codes   map[auth.Code]bool
}

func (d *describer) operation(r route) operation {
	s := decoderOf(r.in)
	op := operation{
		ID: operationID(r), Tags: []string{tagOf(r.path).Name}, Summary: r.summary,
		Security: security(r.bearer), Responses: orderedMap[response]{},
	}
	for _, f := range s.fields {
		if f.location == inPath || f.location == inQuery {
			op.Parameters = append(op.Parameters, parameter{
				Name: f.name, In: string(f.location), Required: f.location == inPath || f.required, Schema: f.schema(),
			})
		}
	}
	for _, body := range []struct {
		location  location
		mediaType string
	}{{inBody, "application/json"}, {inForm, formType}} {
		if fields := s.in(body.location); len(fields) > 0 {
			op.Body = &requestBody{
				Required: slices.ContainsFunc(fields, func(f field) bool { return f.required }),
				Content:  orderedMap[content]{{body.mediaType, content{Schema: d.request(r.in, fields)}}},
			}
		}
	}
	op.Responses = append(op.Responses, orderedMap[response]{{strconv.Itoa(r.status), d.success(r)}}...)
	for _, status := range r.also {
		op.Responses = op.Responses.with(strconv.Itoa(status), bodiless(status))
	}
	return d.withRefusals(op, r)
}

func (d *describer) success(r route) response {
	if r.status == http.StatusNoContent || r.status >= 300 || r.out == reflect.TypeFor[empty]() {
		return bodiless(r.status)
	}
	return response{
		Description: http.StatusText(r.status), Headers: headersOf(r.status),
		Content: orderedMap[content]{{"application/json", content{Schema: d.schemaOf(r.out)}}},
	}
}

func bodiless(status int) response {
	return response{Description: http.StatusText(status), Headers: headersOf(status)}
}

// withRefusals adds a response for every status that a refusal may have.
func (d *describer) withRefusals(op operation, r route) operation {
	byStatus := map[int][]auth.Code{}
	for _, code := range r.allRefusals() {
		d.codes[code] = true
		status := problem.TypeOf(code).Status
		byStatus[status] = append(byStatus[status], code)
	}
	statuses := []int{}
	for status := range byStatus {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		op.Responses = op.Responses.with(strconv.Itoa(status), refusal(status, byStatus[status]))
	}
	return op
}

// adminPath is where the realm may demand a better sign-in.
const adminPath = "/api/admin/"

// allRefusals adds to the route's own refusals what the body, the token and the
// stores may bring.
func (r route) allRefusals() []auth.Code {
	codes := slices.Clone(r.refuses)
	if strings.HasPrefix(r.path, adminPath) {
		codes = append(codes, auth.InsufficientAuthentication)
	}
	s := decoderOf(r.in)
	if len(s.fields) > 0 {
		codes = append(codes, auth.InvalidRequest)
	}
	if len(s.in(inBody))+len(s.in(inForm)) > 0 {
		codes = append(codes, auth.UnsupportedMediaType, auth.BodyTooLarge)
	}
	switch r.bearer {
	case bearerRequired:
		codes = append(codes, auth.TokenMissing, auth.TokenExpired, auth.TokenInvalid, auth.DatabaseUnavailable)
	case bearerOptional:
		codes = append(codes, auth.TokenExpired, auth.TokenInvalid)
	case bearerUnused:
	}
	if r.rate != request.Unlimited {
		codes = append(codes, auth.RateLimited)
	}
	if len(r.refuses) > 0 {
		codes = append(codes, auth.DatabaseUnavailable)
	}
	if r.rate != request.Unlimited {
		codes = append(codes, auth.RateLimited)
	}
	codes = append(codes, auth.Internal)
	slices.Sort(codes)
	return slices.Compact(codes)
}

func refusal(status int, codes []auth.Code) response {
	titles, examples, values := []string{}, orderedMap[reference]{}, []string{}
	for _, code := range codes {
		titles = append(titles, fmt.Sprintf("%s (`%s`)", problem.TypeOf(code).Title, code))
		examples = append(examples, member[reference]{string(code), reference{"#/components/examples/" + string(code)}})
		values = append(values, string(code))
	}
	return response{
		Description: strings.Join(titles, "; "), Headers: headersOf(status),
		Content: orderedMap[content]{{problem.MediaType, content{
			Schema: &schema{
				AllOf:      []*schema{{Ref: "#/components/schemas/Problem"}},
				Type:       "object",
				Properties: orderedMap[*schema]{{"code", &schema{Type: "string", Enum: values}}},
			},
			Examples: examples,
		}}},
	}
}

func security(use bearerUse) []orderedMap[[]string] {
	token, none := orderedMap[[]string]{{"accessToken", []string{}}}, orderedMap[[]string]{}
	switch use {
	case bearerRequired:
		return []orderedMap[[]string]{token}
	case bearerOptional:
		return []orderedMap[[]string]{token, none}
	default:
		return []orderedMap[[]string]{}
	}
}

// operationID is the method and the words of the path: getUserProfile.
func operationID(r route) string {
	id := strings.ToLower(r.method)
	path := strings.NewReplacer("{", "by-", "}", "").Replace(strings.TrimPrefix(r.path, "/api/"))
	for _, word := range strings.FieldsFunc(path, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return id
}

// tagOf groups routes by where they stand.
func tagOf(path string) tag {
	for _, t := range []struct {
		tag
		prefixes []string
	}{
		{tag{"Discovery", "What programmers read."}, []string{openAPIPath}},
		{tag{"Administration", "For users with the role admin."}, []string{"/api/admin/"}},
		{tag{"Second factor", "Codes of an app, by SMS, and backup codes."}, []string{"/api/auth/2fa"}},
		{
			tag{"Providers", "Sign-in through other identity providers."},
			[]string{"/api/auth/oauth", "/api/auth/providers", "/api/user/identities"},
		},
		{
			tag{"Account", "What people do with an account of their own."},
			[]string{"/api/auth/register", "/api/auth/reset", "/api/auth/verify-email", "/api/user"},
		},
	} {
		if slices.ContainsFunc(t.prefixes, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
			return t.tag
		}
	}
	return tag{"Sessions", "Logging in, staying logged in, logging out."}
}
