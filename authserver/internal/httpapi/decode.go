// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const maxBody = 64 << 10

// read decodes r into the struct that into points at. It refuses with
// UnsupportedMediaType, BodyTooLarge or InvalidRequest, the last with every
// problem at once, and never quotes a value. A body may be left out when none of
// its fields is required.
func (d decoder) read(w http.ResponseWriter, r *http.Request, into any) error {
	value := reflect.ValueOf(into).Elem()
	problems := d.readURL(r, value)
	fields := d.in(inBody)
	optional := !slices.ContainsFunc(fields, func(f field) bool { return f.required })
	if len(fields) > 0 && !(optional && isEmpty(r)) {
		document, err := readJSON(w, r)
		if err != nil {
			return err
		}
		problems = append(problems, d.decode(document, value)...)
	}
	if fields := d.in(inForm); len(fields) > 0 {
		form, err := readForm(w, r)
		if err != nil {
			return err
		}
		problems = append(problems, setTexts(fields, form, value)...)
	}
	if len(problems) > 0 {
		return &auth.Error{Code: auth.InvalidRequest, Fields: problems}
	}
	return nil
}

// readURL reads the fields that stand in the path and the query.
func (d decoder) readURL(r *http.Request, into reflect.Value) []auth.FieldProblem {
	problems := []auth.FieldProblem{}
	for _, f := range d.in(inPath) {
		if detail := f.setText(r.PathValue(f.name), into.FieldByIndex(f.index)); detail != "" {
			problems = append(problems, auth.FieldProblem{Field: f.name, Detail: detail})
		}
	}
	return append(problems, setTexts(d.in(inQuery), r.URL.Query(), into)...)
}

// setTexts sets fields to what stands under their names. Other parameters are
// nobody's business.
func setTexts(fields []field, texts url.Values, into reflect.Value) []auth.FieldProblem {
	problems := []auth.FieldProblem{}
	for _, f := range fields {
		detail := ""
		switch values := texts[f.name]; {
		case len(values) > 1:
			detail = "stands twice"
		case len(values) == 1:
			detail = f.setText(values[0], into.FieldByIndex(f.index))
		case f.required:
			detail = "is required"
		}
		if detail != "" {
			problems = append(problems, auth.FieldProblem{Field: f.name, Detail: detail})
		}
	}
	return problems
}

// isEmpty reports whether the body of r has nothing in it. Only its first byte tells
// that of a body whose length is not stated beforehand (RFC 9112, section 6.3), which
// is put back for whoever reads on.
func isEmpty(r *http.Request) bool {
	if r.ContentLength >= 0 {
		return r.ContentLength == 0
	}
	first := make([]byte, 1)
	n, err := io.ReadFull(r.Body, first)
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first[:n]), r.Body), r.Body}
	return errors.Is(err, io.EOF)
}

func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return readBody(w, r, "application/json")
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	document, err := readBody(w, r, formType)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(document))
	if err != nil {
		return nil, &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	return form, nil
}

// formType is of what browsers send.
const formType = "application/x-www-form-urlencoded"

func readBody(w http.ResponseWriter, r *http.Request, want string) ([]byte, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != want {
		return nil, &auth.Error{Code: auth.UnsupportedMediaType}
	}
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &auth.Error{Code: auth.BodyTooLarge}
	case err != nil:
		return nil, &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	return document, nil
}

// decode walks the object member by member, which encoding/json does not: it
// stops at the first problem and lets the last of two equal names win.
func (d decoder) decode(document []byte, into reflect.Value) []auth.FieldProblem {
	if !utf8.Valid(document) {
		return wholeBody("must be UTF-8")
	}
	dec := json.NewDecoder(strings.NewReader(string(document)))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return wholeBody("must be a JSON object")
	}
	problems := []auth.FieldProblem{}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		name, isName := token.(string)
		raw := json.RawMessage{}
		if err != nil || !isName || dec.Decode(&raw) != nil {
			return wholeBody("must be valid JSON")
		}
		switch f, known := d.field(name); {
		case !known:
			problems = append(problems, auth.FieldProblem{Field: quotable(name), Detail: "is not a field of this request"})
		case seen[name]:
			problems = append(problems, auth.FieldProblem{Field: name, Detail: "stands twice"})
		default:
			seen[name] = true
			problems = append(problems, f.set(raw, into.FieldByIndex(f.index))...)
		}
	}
	if _, err := dec.Token(); err != nil {
		return wholeBody("must be valid JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return wholeBody("must be one JSON object and nothing else")
	}
	for _, f := range d.in(inBody) {
		if f.required && !seen[f.name] {
			problems = append(problems, auth.FieldProblem{Field: f.name, Detail: "is required"})
		}
	}
	return problems
}

func (d decoder) field(name string) (field, bool) {
	for _, f := range d.fields {
		if f.name == name && f.location == inBody {
			return f, true
		}
	}
	return field{}, false
}

func (f field) set(raw json.RawMessage, into reflect.Value) []auth.FieldProblem {
	detail := ""
	switch f.kind {
	case reflect.Bool:
		value, ok := decoded[bool](raw)
		if detail = "must be true or false"; ok {
			f.target(into).SetBool(value)
			detail = ""
		}
	case reflect.Int:
		value, ok := decoded[int](raw)
		if detail = "must be a whole number"; ok {
			detail = f.setInt(value, into)
		}
	default:
		value, ok := decoded[string](raw)
		if detail = "must be a string"; ok {
			detail = f.setString(value, into)
		}
	}
	if detail == "" {
		return nil
	}
	return []auth.FieldProblem{{Field: f.name, Detail: detail}}
}

// decoded is a JSON value of exactly this type; null is none.
func decoded[T any](raw json.RawMessage) (T, bool) {
	var value *T
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return *new(T), false
	}
	return *value, true
}

func wholeBody(detail string) []auth.FieldProblem {
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
