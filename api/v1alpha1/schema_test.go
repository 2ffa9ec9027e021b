// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// openAPI is what a definition says of a value, as far as it is asked here.
type openAPI struct {
	Type                 string             `json:"type"`
	Description          string             `json:"description"`
	Properties           map[string]openAPI `json:"properties"`
	Items                *openAPI           `json:"items"`
	AdditionalProperties *openAPI           `json:"additionalProperties"`
	Minimum              *int               `json:"minimum"`
	Maximum              *int               `json:"maximum"`
	Enum                 []string           `json:"enum"`
	Rules                []rule             `json:"x-kubernetes-validations"`
}

type rule struct {
	Rule string `json:"rule"`
}

// field is one of a spec.
type field struct {
	schema      openAPI
	description string
	// kind is integer, duration, enum, boolean, or empty for texts.
	kind string
}

// fieldsOf walks a schema down to what has no fields of its own, or to a part
// that is known as a whole. Lists are [], maps {}.
func fieldsOf(s openAPI, path string, known map[string]setting) map[string]field {
	all := map[string]field{}
	_, whole := known[path]
	switch {
	case len(s.Properties) > 0 && !whole:
		for name, property := range s.Properties {
			maps.Copy(all, fieldsOf(property, strings.TrimPrefix(path+"."+name, "."), known))
		}
	case s.Items != nil && !whole:
		item := *s.Items
		if len(item.Properties) == 0 {
			item.Description = s.Description
		}
		maps.Copy(all, fieldsOf(item, path+"[]", known))
	case s.AdditionalProperties != nil && !whole:
		maps.Copy(all, fieldsOf(*s.AdditionalProperties, path+"{}", known))
	default:
		all[path] = field{s, strings.Join(strings.Fields(s.Description), " "), kindOf(s)}
	}
	return all
}

func kindOf(s openAPI) string {
	switch {
	case len(s.Enum) > 0:
		return "enum"
	case slices.ContainsFunc(s.Rules, func(r rule) bool {
		return strings.Contains(r.Rule, "duration(self)")
	}):
		return "duration"
	case s.Type == "string":
		return ""
	default:
		return s.Type
	}
}

// specOf is the schema of a kind's spec, as the API server has it.
func specOf(t *testing.T, kind string) openAPI {
	t.Helper()
	text, err := os.ReadFile("../../config/crd/auth.realmkeeper.io_" + strings.ToLower(kind) + "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema openAPI `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		t.Fatal(err)
	}
	return definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
}

func fields(t *testing.T, text string) map[string]any {
	t.Helper()
	parsed := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// place is a path in an error: of a list, the first entry is meant, of a map any.
func place(path string) string { return strings.NewReplacer("[]", "[0]", "{}", ".any").Replace(path) }

// withValue is a copy with a value at a path, which is a list's only one.
func withValue(tree map[string]any, path string, value any) map[string]any {
	changed := maps.Clone(tree)
	if changed == nil {
		changed = map[string]any{}
	}
	name, rest, deeper := strings.Cut(place(path), ".")
	name, list := strings.CutSuffix(name, "[0]")
	switch {
	case list && deeper:
		first := map[string]any{}
		if entries, _ := changed[name].([]any); len(entries) > 0 {
			first, _ = entries[0].(map[string]any)
		}
		changed[name] = []any{withValue(first, rest, value)}
	case list:
		changed[name] = []any{value}
	case deeper:
		within, _ := changed[name].(map[string]any)
		changed[name] = withValue(within, rest, value)
	default:
		changed[name] = value
	}
	return changed
}

func at(tree map[string]any, path string) (any, bool) {
	name, rest, deeper := strings.Cut(place(path), ".")
	name, list := strings.CutSuffix(name, "[0]")
	value, found := tree[name]
	if entries, _ := value.([]any); list && len(entries) > 0 {
		value = entries[0]
	}
	if within, ok := value.(map[string]any); ok && deeper {
		return at(within, rest)
	}
	return value, found && !deeper
}

// plain is a value as people write it: 168h and not 168h0m0s.
func plain(value any) string {
	text := fmt.Sprint(value)
	if d, err := time.ParseDuration(text); err == nil {
		text = strings.TrimSuffix(d.String(), "0s")
		if text != d.String() && strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
	}
	return text
}
