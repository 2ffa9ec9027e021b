// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	rules "github.com/realmkeeper/realmkeeper/authserver/internal/field"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
)

// schema is a JSON Schema (draft 2020-12), as far as it is used here.
type schema struct {
	Ref                  string              `json:"$ref,omitempty"`
	Type                 any                 `json:"type,omitempty"` // a name, or several
	Description          string              `json:"description,omitempty"`
	Format               string              `json:"format,omitempty"`
	Enum                 []string            `json:"enum,omitempty"`
	MinLength            *int                `json:"minLength,omitempty"`
	MaxLength            *int                `json:"maxLength,omitempty"`
	Minimum              *int                `json:"minimum,omitempty"`
	Maximum              *int                `json:"maximum,omitempty"`
	Pattern              string              `json:"pattern,omitempty"`
	Items                *schema             `json:"items,omitempty"`
	AllOf                []*schema           `json:"allOf,omitempty"`
	OneOf                []*schema           `json:"oneOf,omitempty"`
	Properties           orderedMap[*schema] `json:"properties,omitempty"`
	Required             []string            `json:"required,omitempty"`
	AdditionalProperties any                 `json:"additionalProperties,omitempty"` // false, or a schema
	Examples             []any               `json:"examples,omitempty"`
}

// schema describes a field of a request as decoder reads it. Lengths are said in
// characters there and in bytes here: what is ASCII is described exactly.
func (f field) schema() *schema {
	s := &schema{Examples: examplesOf(f.name)}
	switch f.kind {
	case reflect.Bool:
		s.Type = "boolean"
	case reflect.Int:
		s.Type, s.Minimum, s.Maximum = "integer", &f.minimum, &f.maximum
	default:
		s.Type, s.Enum, s.MaxLength = "string", f.rule.Enum, &f.rule.MaxLength
		if f.required {
			s.MinLength = new(int)
			*s.MinLength = 1
		}
		switch format := f.rule.Format; format {
		case rules.Role:
			s.Pattern = "^[A-Za-z0-9_-]*$"
		case rules.Login:
			s.Format = string(rules.Email)
		case "":
		default:
			s.Format = string(format)
		}
	}
	return s
}

// request is the schema of a request's body. It refuses unknown members.
func (d *describer) request(t reflect.Type, fields []field) *schema {
	s := &schema{Type: "object", AdditionalProperties: false}
	for _, f := range fields {
		s.Properties = s.Properties.with(f.name, f.schema())
		if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
	return d.component(t, func() *schema { return s })
}

// component gives a type's schema a name of its own and refers to it.
func (d *describer) component(t reflect.Type, make func() *schema) *schema {
	name := componentName(t)
	if name == "" {
		return make()
	}
	if d.schemas.index(name) < 0 {
		d.schemas = d.schemas.with(name, nil) // a type may contain itself
		d.schemas = d.schemas.with(name, make())
	}
	return &schema{Ref: "#/components/schemas/" + name}
}

// componentName is what a type is called outside: loginBody is Login. Programs that
// are made from the description know it, so a body's type keeps its name.
func componentName(t reflect.Type) string {
	name := strings.TrimSuffix(t.Name(), "Body")
	if name == "" {
		return t.Name()
	}
	return string(unicode.ToUpper(rune(name[0]))) + name[1:]
}

// schemaOf describes what encoding/json makes of a type. It panics on a type
// that no response should have: that is a mistake in a route.
func (d *describer) schemaOf(t reflect.Type) *schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return &schema{Type: "string", Format: "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return &schema{Type: "object"}
	}
	switch t.Kind() {
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int, reflect.Int64:
		return &schema{Type: "integer"}
	case reflect.Slice:
		return &schema{Type: "array", Items: d.schemaOf(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", AdditionalProperties: d.schemaOf(t.Elem())}
	case reflect.Pointer:
		return orNothing(d.schemaOf(t.Elem()))
	case reflect.Struct:
		return d.component(t, func() *schema { return d.objectOf(t) })
	default:
		panic(fmt.Sprintf("%s cannot be described", t))
	}
}

// orNothing also allows null.
func orNothing(s *schema) *schema {
	if name, ok := s.Type.(string); ok {
		s.Type = []string{name, "null"}
		return s
	}
	return &schema{OneOf: []*schema{s, {Type: "null"}}}
}

// objectOf describes a struct. Embedded structs are part of it; embedded pointers
// are alternatives, of which one is there.
func (d *describer) objectOf(t reflect.Type) *schema {
	s := &schema{Type: "object"}
	alternatives := []reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Pointer:
			alternatives = append(alternatives, f.Type.Elem())
		case f.Anonymous && name == "":
			s.include(d.objectOf(f.Type))
		case name == "" || name == "-":
			// not in the document
		default:
			s.add(name, d.schemaOf(f.Type), !strings.Contains(options, "omitempty"))
		}
	}
	if len(alternatives) == 0 {
		return s
	}
	choice := &schema{}
	for _, a := range alternatives {
		if len(s.Properties) == 0 {
			choice.OneOf = append(choice.OneOf, d.schemaOf(a))
			continue
		}
		whole := d.objectOf(a)
		whole.include(s)
		choice.OneOf = append(choice.OneOf, whole)
	}
	return choice
}

func (s *schema) add(name string, property *schema, required bool) {
	if property.Ref == "" {
		property.Examples = examplesOf(name)
	}
	s.Properties = s.Properties.with(name, property)
	if required {
		s.Required = append(s.Required, name)
	}
}

func (s *schema) include(other *schema) {
	for _, p := range other.Properties {
		s.Properties = s.Properties.with(p.name, p.value)
	}
	s.Required = append(s.Required, other.Required...)
}

func (d *describer) problem() *schema {
	s := d.objectOf(reflect.TypeFor[problem.Details]())
	s.Description = "What went wrong (RFC 9457). Decide by code; title and detail are for people and may change."
	for _, p := range s.Properties {
		if p.name == "status" {
			p.value.Minimum, p.value.Maximum = new(int), new(int)
			*p.value.Minimum, *p.value.Maximum = 400, 599
		}
	}
	return s
}

// examplesOf are examples of a field, by its name.
func examplesOf(name string) []any {
	for _, e := range []struct {
		name  string
		value any
	}{
		{"email", "ann@example.com"}, {"name", "Ann Lee"}, {"locale", "en"}, {"role", auth.UserRole},
		{"password", "seven wild geese fly south"}, {"new_password", "seven wild geese fly north"},
		{"current_password", "seven wild geese fly south"}, {"code", "287082"}, {"phone", "+15555550100"},
		{"token_type", "Bearer"}, {"expires_in", 3600}, {"refresh_expires_in", 604800}, {"session_expires_in", 300},
		{"refresh_token", "rkr_M2Rm0xKJ8aYlZ5uT3nPq7VwEoXcBs1HdGfQyLkNt4iU"},
		{"id", "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10"},
	} {
		if e.name == name {
			return []any{e.value}
		}
	}
	return nil
}
