// SPDX-License-Identifier: Apache-2.0

// Package specfields finds the fields of specs by what they are about, for tests that
// demand something of every such field: of one that is added later, too.
package specfields

import (
	"reflect"
	"slices"
	"strings"
)

// Secrets are the fields of a spec that name a Secret, such as sms.twilio.authTokenSecretRef.
func Secrets(spec reflect.Type) []string { return find(spec, about("secret")) }

// ConfigMaps are the fields of a spec that name a ConfigMap.
func ConfigMaps(spec reflect.Type) []string { return find(spec, about("configmap")) }

// Images are the fields of a spec that name a container image.
func Images(spec reflect.Type) []string {
	image, secret := about("image"), about("secret")
	return find(spec, func(name string, of reflect.Type) bool { return image(name, of) && !secret(name, of) })
}

// PrivateNetworks are the fields of a spec that ask for connections to private addresses.
func PrivateNetworks(spec reflect.Type) []string { return find(spec, about("privatenetwork")) }

// Annotations are the fields of a spec that become annotations of an object.
func Annotations(spec reflect.Type) []string { return find(spec, about("annotation")) }

// about tells fields by a word in their name, or in that of their type.
func about(word string) func(name string, of reflect.Type) bool {
	return func(name string, of reflect.Type) bool {
		return strings.Contains(strings.ToLower(name+" "+of.Name()), word)
	}
}

func find(spec reflect.Type, wanted func(name string, of reflect.Type) bool) []string {
	var found []string
	walk(spec, "", nil, func(path, name string, of reflect.Type) bool {
		if !wanted(name, of) {
			return true
		}
		found = append(found, path)
		return false
	})
	slices.Sort(found)
	return found
}

// walk visits the fields of a type, and those below each that visit wants to see more of.
// A type within itself is not entered again.
func walk(of reflect.Type, path string, outer []reflect.Type, visit func(path, name string, of reflect.Type) bool) {
	of, path = element(of, path)
	if of.Kind() != reflect.Struct || slices.Contains(outer, of) {
		return
	}
	outer = append(slices.Clone(outer), of)
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		below := strings.TrimPrefix(path+"."+name, ".")
		if t, _ := element(of.Field(i).Type, ""); name != "" && visit(below, name, t) {
			walk(of.Field(i).Type, below, outer, visit)
		}
	}
}

// element is what a pointer, a list or a map holds. Lists are [] in a path, maps {}.
func element(of reflect.Type, path string) (reflect.Type, string) {
	for {
		switch of.Kind() {
		case reflect.Pointer:
		case reflect.Slice:
			path += "[]"
		case reflect.Map:
			path += "{}"
		default:
			return of, path
		}
		of = of.Elem()
	}
}
