// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const maxBody = 64 << 10

// shape is what a request body may look like, read once from the tags of a
// struct of strings: json, required:"true", maxLength:"n" in bytes and
// format:"email".
type shape struct {
	none     bool
	optional bool
	fields   []field
}

type field struct {
	name      string
	index     int
	required  bool
	maxLength int
	email     bool
}

// shapeOf panics on a type it does not understand: that is a mistake in a route.
func shapeOf(t reflect.Type) shape {
	s := shape{none: t == reflect.TypeFor[nothing](), optional: true}
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		f := field{name: tag.Get("json"), index: i, required: tag.Get("required") == "true", email: tag.Get("format") == "email"}
		length, err := strconv.Atoi(tag.Get("maxLength"))
		if err != nil || f.name == "" || t.Field(i).Type.Kind() != reflect.String {
			panic(fmt.Sprintf("field %s of %s is not described", t.Field(i).Name, t))
		}
		f.maxLength = length
		s.optional = s.optional && !f.required
		s.fields = append(s.fields, f)
	}
	return s
}

// read decodes r's body into the struct that into points at. It refuses with
// UnsupportedMediaType, BodyTooLarge or InvalidRequest, the last with every
// problem at once, and never quotes a value.
func (s shape) read(w http.ResponseWriter, r *http.Request, into any) error {
	if s.none || s.optional && r.ContentLength == 0 {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return &auth.Error{Code: auth.UnsupportedMediaType}
	}
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &auth.Error{Code: auth.BodyTooLarge}
	case err != nil:
		return &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	if problems := s.decode(document, reflect.ValueOf(into).Elem()); len(problems) > 0 {
		return &auth.Error{Code: auth.InvalidRequest, Fields: problems}
	}
	return nil
}

// decode walks the object member by member, which encoding/json does not: it
// stops at the first problem and lets the last of two equal names win.
func (s shape) decode(document []byte, into reflect.Value) []auth.FieldProblem {
	if !utf8.Valid(document) {
		return whole("must be UTF-8")
	}
	dec := json.NewDecoder(strings.NewReader(string(document)))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return whole("must be a JSON object")
	}
	problems := []auth.FieldProblem{}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		name, isName := token.(string)
		raw := json.RawMessage{}
		if err != nil || !isName || dec.Decode(&raw) != nil {
			return whole("must be valid JSON")
		}
		switch f, known := s.field(name); {
		case !known:
			problems = append(problems, auth.FieldProblem{Field: quotable(name), Detail: "is not a field of this request"})
		case seen[name]:
			problems = append(problems, auth.FieldProblem{Field: name, Detail: "stands twice"})
		default:
			seen[name] = true
			problems = append(problems, f.set(raw, into.Field(f.index))...)
		}
	}
	if _, err := dec.Token(); err != nil {
		return whole("must be valid JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return whole("must be one JSON object and nothing else")
	}
	for _, f := range s.fields {
		if f.required && !seen[f.name] {
			problems = append(problems, auth.FieldProblem{Field: f.name, Detail: "is required"})
		}
	}
	return problems
}

func (s shape) field(name string) (field, bool) {
	for _, f := range s.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func (f field) set(raw json.RawMessage, into reflect.Value) []auth.FieldProblem {
	value := (*string)(nil)
	detail := ""
	switch err := json.Unmarshal(raw, &value); {
	case err != nil || value == nil:
		detail = "must be a string"
	case f.required && *value == "":
		detail = "must not be empty"
	case len(*value) > f.maxLength:
		detail = fmt.Sprintf("must be at most %d bytes", f.maxLength)
	case f.email && !auth.PlausibleEmail(*value):
		detail = "must be an e-mail address"
	default:
		into.SetString(*value)
		return nil
	}
	return []auth.FieldProblem{{Field: f.name, Detail: detail}}
}

func whole(detail string) []auth.FieldProblem {
	return []auth.FieldProblem{{Field: "", Detail: detail}}
}

// quotable is an unknown name that looks like a name. Anything else may be a
// value that got into the wrong place.
func quotable(name string) string {
	odd := func(r rune) bool { return r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r)) }
	if len(name) > 32 || strings.ContainsFunc(name, odd) {
		return ""
	}
	return name
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
