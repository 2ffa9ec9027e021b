// SPDX-License-Identifier: Apache-2.0

// Command fieldtable writes the tables of fields in the pages about the kinds,
// from the schemas that the API server checks with:
//
//	go run ./hack/fieldtable config/crd/<kind>.yaml docs/<kind>.md …
//
// A page says where with a line <!-- fields: spec --> and a line <!-- end -->.
package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fieldtable:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || len(args)%2 != 0 {
		return errors.New("want pairs of a kind's definition and its page")
	}
	for pair := range slices.Chunk(args, 2) {
		if err := fill(pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// fill writes the tables of one page.
func fill(definition, page string) error {
	schema, err := read(definition)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	place := regexp.MustCompile(`(?s)<!-- fields: (\w+) -->\n.*?<!-- end -->`)
	filled := place.ReplaceAllStringFunc(string(text), func(found string) string {
		root := place.FindStringSubmatch(found)[1]
		return fmt.Sprintf("<!-- fields: %s -->\n%s<!-- end -->", root, table(schema.Properties[root]))
	})
	if err := os.WriteFile(page, []byte(filled), 0o644); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// node is the part of an OpenAPI schema that a reader cares for.
type node struct {
	Type                 string          `json:"type"`
	Description          string          `json:"description"`
	Properties           map[string]node `json:"properties"`
	Items                *node           `json:"items"`
	AdditionalProperties *node           `json:"additionalProperties"`
	Required             []string        `json:"required"`
}

// read returns the schema of a kind's only version.
func read(definition string) (node, error) {
	data, err := os.ReadFile(definition)
	if err != nil {
		return node{}, fmt.Errorf("read kind: %w", err)
	}
	var kind struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema node `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &kind); err != nil {
		return node{}, fmt.Errorf("read kind %s: %w", definition, err)
	}
	if len(kind.Spec.Versions) != 1 {
		return node{}, fmt.Errorf("kind %s has %d versions, want 1", definition, len(kind.Spec.Versions))
	}
	return kind.Spec.Versions[0].Schema.OpenAPIV3Schema, nil
}

func table(root node) string {
	var b strings.Builder
	b.WriteString("\n| field | type | |\n| --- | --- | --- |\n")
	rows(&b, "", root)
	b.WriteString("\n")
	return b.String()
}

// ofKubernetes are fields whose types are Kubernetes' own and described there.
var ofKubernetes = []string{
	"affinity", "conditions", "from", "metrics", "metricsFrom", "resources", "to", "tolerations", "topologySpreadConstraints",
}

func rows(b *strings.Builder, path string, parent node) {
	for _, name := range fields(parent) {
		child := parent.Properties[name]
		kind := typeOf(child)
		if slices.Contains(parent.Required, name) {
			kind += ", required"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s |\n", path, name, kind, prose(name, child.Description))
		if slices.Contains(ofKubernetes, name) {
			continue
		}
		rows(b, path+name+".", child)
		if child.Items != nil {
			rows(b, path+name+"[].", *child.Items)
		}
		if child.AdditionalProperties != nil {
			rows(b, path+name+".*.", *child.AdditionalProperties)
		}
	}
}

// fields are what is required first, then by name.
func fields(n node) []string {
	var names []string
	for name := range n.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if first := slices.Contains(n.Required, a); first != slices.Contains(n.Required, b) {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

func typeOf(n node) string {
	switch {
	case n.Items != nil:
		return "list of " + plural(typeOf(*n.Items))
	case n.AdditionalProperties != nil:
		return "map of " + plural(typeOf(*n.AdditionalProperties))
	default:
		return n.Type
	}
}

// plural is of a type's first word: a map of maps of strings.
func plural(kind string) string {
	first, rest, found := strings.Cut(kind, " ")
	if !found {
		return first + "s"
	}
	return first + "s " + rest
}

// prose is a description on one line of a table. The name of the field, with
// which its sentence begins, stands in another column.
func prose(name, description string) string {
	text := strings.Join(strings.Fields(description), " ")
	if rest, found := strings.CutPrefix(text, name+" "); found {
		switch first, after, _ := strings.Cut(rest, " "); first {
		case "is", "are":
			text = after
		case "of", "in", "that", "to", "within": // "port of the server"
		default:
			text = rest
		}
	}
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "{{", "&#123;&#123;").Replace(text)
}
