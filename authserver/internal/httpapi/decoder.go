// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	rules "github.com/realmkeeper/realmkeeper/authserver/internal/field"
)

// decoder reads requests into a struct, by tags that it has read once. Each field, those
// of embedded structs among them, is a string, bool or int, or a pointer to one that
// is nil when the request does not have it, with the tags
//
//	json:"name" or form:"name"                 that it stands in the body, of JSON or a form
//	path:"name" or query:"name"                or in the address
//	required:"true"                            must be there and not empty
//	maxLength:"n"                              in bytes; strings need it
//	minimum:"n" maximum:"n"                    ints need them
//	format:"email" or another of package field
//	enum:"a,b"
type decoder struct{ fields []field }

type location string

const (
	inBody  location = "json"
	inPath  location = "path"
	inQuery location = "query"
	inForm  location = "form"
)

type field struct {
	name     string
	location location
	index    []int // as reflect.Value.FieldByIndex takes it
	kind     reflect.Kind
	pointer  bool
	// required fields are there; rule is what a string may hold.
	required         bool
	rule             rules.Rule
	minimum, maximum int
}

// decoderOf panics on a type it does not understand: that is a mistake in a route.
func decoderOf(t reflect.Type) decoder {
	d := decoder{}
	for _, sf := range reflect.VisibleFields(t) {
		if sf.Anonymous {
			continue // its fields follow
		}
		f, err := fieldOf(sf)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", t, err))
		}
		f.index = sf.Index
		d.fields = append(d.fields, f)
	}
	return d
}

func fieldOf(sf reflect.StructField) (field, error) {
	f := field{required: sf.Tag.Get("required") == "true"}
	f.rule = rules.Rule{Required: f.required, Format: rules.Format(sf.Tag.Get("format"))}
	for _, p := range []location{inBody, inPath, inQuery, inForm} {
		if name := sf.Tag.Get(string(p)); name != "" {
			f.name, f.location = name, p
		}
	}
	t := sf.Type
	if f.pointer = t.Kind() == reflect.Pointer; f.pointer {
		t = t.Elem()
	}
	f.kind = t.Kind()
	if enum := sf.Tag.Get("enum"); enum != "" {
		f.rule.Enum = strings.Split(enum, ",")
	}
	var err error
	switch f.kind {
	case reflect.String:
		f.rule.MaxLength, err = strconv.Atoi(sf.Tag.Get("maxLength"))
	case reflect.Int:
		if f.minimum, err = strconv.Atoi(sf.Tag.Get("minimum")); err == nil {
			f.maximum, err = strconv.Atoi(sf.Tag.Get("maximum"))
		}
	case reflect.Bool:
	default:
		err = fmt.Errorf("is a %s", f.kind)
	}
	if err != nil {
		return field{}, fmt.Errorf("field %s is not described: %w", sf.Name, err)
	}
	if f.name == "" {
		return field{}, fmt.Errorf("field %s is not described: it has no name", sf.Name)
	}
	return f, nil
}

// in is the fields of one location.
func (d decoder) in(p location) []field {
	return slices.DeleteFunc(slices.Clone(d.fields), func(f field) bool { return f.location != p })
}

// setText sets the field to a value out of a path or query.
func (f field) setText(text string, into reflect.Value) string {
	switch f.kind {
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return "must be a whole number"
		}
		return f.setInt(n, into)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return "must be true or false"
		}
		f.target(into).SetBool(text == "true")
		return ""
	default:
		return f.setString(text, into)
	}
}

// setString checks and sets; the answer says what is wrong, without the value.
func (f field) setString(value string, into reflect.Value) string {
	if detail := f.rule.Fault(value); detail != "" {
		return detail
	}
	f.target(into).SetString(value)
	return ""
}

func (f field) setInt(n int, into reflect.Value) string {
	if n < f.minimum || n > f.maximum {
		return fmt.Sprintf("must be %d to %d", f.minimum, f.maximum)
	}
	f.target(into).SetInt(int64(n))
	return ""
}

// target is where a value goes: the field itself, or what it now points to.
func (f field) target(into reflect.Value) reflect.Value {
	if !f.pointer {
		return into
	}
	into.Set(reflect.New(into.Type().Elem()))
	return into.Elem()
}
