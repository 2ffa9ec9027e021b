// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
)

// The objects of OpenAPI 3.1, as far as they are used here.
type (
	openAPI struct {
		OpenAPI    string                            `json:"openapi"`
		Info       info                              `json:"info"`
		Servers    []server                          `json:"servers"`
		Security   []orderedMap[[]string]            `json:"security"`
		Tags       []tag                             `json:"tags"`
		Paths      orderedMap[orderedMap[operation]] `json:"paths"`
		Components components                        `json:"components"`
	}
	info struct {
		Title       string  `json:"title"`
		Version     string  `json:"version"`
		Description string  `json:"description"`
		License     license `json:"license"`
	}
	license struct {
		Name       string `json:"name"`
		Identifier string `json:"identifier"`
	}
	server struct {
		URL         string `json:"url"`
		Description string `json:"description"`
	}
	tag struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	operation struct {
		ID         string                 `json:"operationId"`
		Tags       []string               `json:"tags"`
		Summary    string                 `json:"summary"`
		Security   []orderedMap[[]string] `json:"security"`
		Parameters []parameter            `json:"parameters,omitempty"`
		Body       *requestBody           `json:"requestBody,omitempty"`
		Responses  orderedMap[response]   `json:"responses"`
	}
	parameter struct {
		Name     string  `json:"name"`
		In       string  `json:"in"`
		Required bool    `json:"required,omitempty"`
		Schema   *schema `json:"schema"`
	}
	requestBody struct {
		Required bool                `json:"required"`
		Content  orderedMap[content] `json:"content"`
	}
	content struct {
		Schema   *schema               `json:"schema"`
		Examples orderedMap[reference] `json:"examples,omitempty"`
	}
	response struct {
		Description string                `json:"description"`
		Headers     orderedMap[reference] `json:"headers,omitempty"`
		Content     orderedMap[content]   `json:"content,omitempty"`
	}
	reference struct {
		Ref string `json:"$ref"`
	}
	header struct {
		Description string  `json:"description"`
		Schema      *schema `json:"schema"`
	}
	example struct {
		Summary string `json:"summary"`
		Value   any    `json:"value"`
	}
	components struct {
		SecuritySchemes orderedMap[securityScheme] `json:"securitySchemes"`
		Headers         orderedMap[header]         `json:"headers"`
		Examples        orderedMap[example]        `json:"examples"`
		Schemas         orderedMap[*schema]        `json:"schemas"`
	}
	securityScheme struct {
		Type        string `json:"type"`
		Scheme      string `json:"scheme"`
		Format      string `json:"bearerFormat"`
		Description string `json:"description"`
	}
)

// orderedMap is a JSON object whose members keep their order.
type orderedMap[T any] []member[T]

type member[T any] struct {
	name  string
	value T
}

func (m orderedMap[T]) index(name string) int {
	return slices.IndexFunc(m, func(e member[T]) bool { return e.name == name })
}

// get is the zero value for a name that is not there.
func (m orderedMap[T]) get(name string) T {
	if i := m.index(name); i >= 0 {
		return m[i].value
	}
	return *new(T)
}

func (m orderedMap[T]) with(name string, value T) orderedMap[T] {
	if i := m.index(name); i >= 0 {
		m[i].value = value
		return m
	}
	return append(m, member[T]{name, value})
}

// MarshalJSON implements json.Marshaler.
func (m orderedMap[T]) MarshalJSON() ([]byte, error) {
	b := &bytes.Buffer{}
	b.WriteByte('{')
	for i, e := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(e.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(b, "%s:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func headersOf(status int) orderedMap[reference] {
	names := []string{"X-Request-Id"}
	switch {
	case status == http.StatusUnauthorized:
		names = append(names, "WWW-Authenticate")
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		names = append(names, "Retry-After")
	case status >= 300 && status < 400 && status != http.StatusNotModified:
		names = append(names, "Location")
	}
	headers := orderedMap[reference]{}
	for _, name := range names {
		headers = headers.with(name, reference{"#/components/headers/" + name})
	}
	return headers
}

// components is what the operations refer to.
func (d *describer) components() components {
	details := d.problem() // first: it brings schemas of its own
	d.schemas = d.schemas.with("Problem", details)
	text, number := &schema{Type: "string"}, &schema{Type: "integer"}
	c := components{
		SecuritySchemes: orderedMap[securityScheme]{{"accessToken", securityScheme{
			"http", "bearer", "JWT", "The access_token of a sign-in, until it expires or its session ends.",
		}}},
		Headers: orderedMap[header]{
			{"X-Request-Id", header{"Quote it when you report a problem.", text}},
			{"WWW-Authenticate", header{"What would let the request pass (RFC 6750, section 3).", text}},
			{"Retry-After", header{"Seconds until a retry may succeed; absent when waiting does not help.", number}},
			{"Location", header{"Where to go next.", text}},
		},
		Schemas: d.schemas,
	}
	for code := range d.codes {
		c.Examples = append(c.Examples, member[example]{string(code), problemExample(code)})
	}
	slices.SortFunc(c.Examples, func(a, b member[example]) int { return strings.Compare(a.name, b.name) })
	slices.SortFunc(c.Schemas, func(a, b member[*schema]) int { return strings.Compare(a.name, b.name) })
	return c
}

func problemExample(code auth.Code) example {
	p := problem.DetailsOf(&auth.Error{Code: code}, "4QZ3N6M7YB2KXWJ5T8VDHRC9FA")
	if code == auth.InvalidRequest {
		p.Errors = []auth.FieldProblem{{Field: "email", Detail: "must be an e-mail address"}}
	}
	return example{Summary: p.Title, Value: p}
}
