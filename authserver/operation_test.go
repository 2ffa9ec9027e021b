// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// property is a field of a request, as it is described.
type property struct {
	kind     string
	required bool
	example  any
}

// takes reports whether a value of this kind is no mistake.
func (p property) takes(kind string) bool {
	return p.kind == "string" && kind == "text" || p.kind == "boolean" && kind == "true"
}

// properties are the fields of the request's body.
func (o operation) properties() map[string]property {
	fields := map[string]property{}
	if !o.body {
		return fields
	}
	described := dig(o.schemas, strings.TrimPrefix(dig(o.raw, "requestBody", "content", "application/json", "schema", "$ref").(string), "#/components/schemas/"))
	required, _ := dig(described, "required").([]any)
	for name, p := range dig(described, "properties").(map[string]any) {
		kind, _ := dig(p, "type").(string)
		fields[name] = property{kind: kind, required: slices.Contains(required, any(name)), example: sampleOf(p)}
	}
	return fields
}

// sampleOf is a value that the description allows.
func sampleOf(p any) any {
	if examples, ok := dig(p, "examples").([]any); ok && len(examples) > 0 {
		return examples[0]
	}
	if enum, ok := dig(p, "enum").([]any); ok {
		return enum[0]
	}
	switch dig(p, "format") {
	case "email":
		return "somebody@example.com"
	case "uuid":
		return "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10"
	}
	switch dig(p, "type") {
	case "boolean":
		return false
	case "integer":
		return dig(p, "minimum")
	default:
		return "sample"
	}
}

// sample is a body in order, but for what change says.
func (o operation) sample(change map[string]any) string {
	body := map[string]any{}
	for name, p := range o.properties() {
		if p.required {
			body[name] = p.example
		}
	}
	maps.Copy(body, change)
	document, _ := json.Marshal(body) // maps of plain values always can be
	return string(document)
}

func (o operation) bodyRequired() bool {
	required, _ := dig(o.raw, "requestBody", "required").(bool)
	return required
}

// parameters are the names of what stands in the address.
func (o operation) parameters() []string {
	names := []string{}
	list, _ := o.raw["parameters"].([]any)
	for _, p := range list {
		names = append(names, dig(p, "name").(string))
	}
	return names
}

// address fills the path and the required query in, one of them with raw.
func (o operation) address(parameter, raw string) string {
	path, query := o.path, []string{}
	list, _ := o.raw["parameters"].([]any)
	for _, p := range list {
		name, place := dig(p, "name").(string), dig(p, "in").(string)
		value := raw
		if name != parameter {
			text, _ := sampleOf(dig(p, "schema")).(string)
			value = url.QueryEscape(text)
		}
		switch {
		case place == "path":
			path = strings.ReplaceAll(path, "{"+name+"}", strings.ReplaceAll(value, "+", "%20"))
		case name == parameter, dig(p, "required") == true:
			query = append(query, name+"="+value)
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// dig goes down through objects; what is not there is nil.
func dig(node any, names ...string) any {
	for _, name := range names {
		object, _ := node.(map[string]any)
		node = object[name]
	}
	return node
}
