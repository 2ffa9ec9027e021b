// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// A setting that no spec can say would stay at its default for ever.
func TestEverySettingCanBeSaid(t *testing.T) {
	t.Parallel()
	differ := map[string]bool{}
	specs := slices.Collect(maps.Values(cases()))
	for _, row := range saidSettings() {
		specs = append(specs, row.spec)
	}
	for _, spec := range specs {
		in := inputs(t, spec)
		in.Providers, in.Logo = providers(t), &realmconfig.Picture{MediaType: realmconfig.PNG, Data: []byte("a logo")}
		in.InitialAccessTokens = []realmconfig.SecretDigest{realmconfig.DigestSecret("an initial access token")}
		otherwise := realmconfig.Defaults("identity/staff", "https://elsewhere.example.com")
		noteDifferences(differ, "", reflect.ValueOf(render.Config(in)), reflect.ValueOf(otherwise))
	}
	for _, path := range placesOf(reflect.TypeFor[realmconfig.Config](), "") {
		if !differ[path] && path != "version" && path != "realm" {
			t.Errorf("no row of TestConfigSaysWhatTheSpecSays says %s", path)
		}
	}
}

// noteDifferences notes where two values differ.
func noteDifferences(differ map[string]bool, path string, a, b reflect.Value) {
	switch {
	case a.Kind() == reflect.Pointer && !a.IsNil() && b.IsNil():
		noteDifferences(differ, path, a.Elem(), reflect.Zero(a.Type().Elem()))
	case a.Kind() == reflect.Pointer && !a.IsNil() && a.Type() != reflect.TypeFor[*time.Time]():
		noteDifferences(differ, path, a.Elem(), b.Elem())
	case a.Kind() == reflect.Slice && a.Type().Elem().Kind() == reflect.Struct:
		for i := range a.Len() {
			noteDifferences(differ, path, a.Index(i), reflect.Zero(a.Type().Elem()))
		}
	case a.Kind() == reflect.Struct && a.Type() != reflect.TypeFor[time.Time]():
		for i := range a.NumField() {
			noteDifferences(differ, below(path, a.Type().Field(i)), a.Field(i), b.Field(i))
		}
	default:
		differ[path] = differ[path] || !reflect.DeepEqual(a.Interface(), b.Interface())
	}
}

// placesOf are the places of a type of the settings document.
func placesOf(t reflect.Type, path string) []string {
	if (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) && t.Elem().Kind() == reflect.Struct {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() {
		return []string{path}
	}
	var all []string
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("json") != "-" {
			all = append(all, placesOf(f.Type, below(path, f))...)
		}
	}
	return all
}

func below(path string, f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return strings.TrimPrefix(path+"."+name, ".")
}
