// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// everything is a realm that asks for all there is and says no more than it must.
func everything() realmconfig.Config {
	config := goodConfig()
	email, sms, tracing := realmconfig.DefaultEmail(), realmconfig.DefaultSMS(), realmconfig.DefaultTracing()
	tokens := realmconfig.DefaultPersonalAccessTokens()
	config.PersonalAccessTokens = &tokens
	email.From, email.Host, email.Product = "login@example.com", "smtp.example.com", "Example"
	sms.Kind, sms.URL = realmconfig.Webhook, "https://sms.example.com"
	tracing.Endpoint = "https://otel.example.com"
	config.Email, config.SMS, config.Tracing = &email, &sms, &tracing
	factors, passwords := realmconfig.DefaultRequiredFactors(), realmconfig.DefaultExistingPasswords()
	factors.Who = realmconfig.RequiredOfAdmins
	config.TwoFactor.Required, config.Passwords.Existing = &factors, &passwords
	provider := realmconfig.DefaultProvider()
	provider.Name, provider.DisplayName, provider.Type, provider.ClientID = "google", "Google", realmconfig.Google, "id"
	config.Providers = []realmconfig.Provider{provider}
	return config
}

func TestDefaultsAreSettingsThatAServerTakes(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]realmconfig.Config{
		"a realm that says nothing": realmconfig.Defaults("identity/staff", "https://login.example.com"),
		"an issuer with a path":     realmconfig.Defaults("identity/staff", "https://example.com/realms/staff"),
		"a realm that asks for all": everything(),
		"a name of 40 letters":      realmconfig.Defaults("identity/"+strings.Repeat("a", 40), "https://login.example.com"),
	} {
		if err := config.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A number or a duration says "1m to 24h, 1h by default", a word of a few
// "Reveal by default".
func TestEverySettingSaysItsBoundsAndItsDefault(t *testing.T) {
	t.Parallel()
	config, client := everything(), goodClient()
	t.Run("realm", func(t *testing.T) {
		expectBoundsSaid(t, settingsOf(reflect.ValueOf(&config).Elem(), ""), func() error { return config.Validate() })
	})
	t.Run("client", func(t *testing.T) {
		expectBoundsSaid(t, settingsOf(reflect.ValueOf(&client).Elem(), ""), func() error { return client.Validate() })
	})
}

func expectBoundsSaid(t *testing.T, settings []setting, validate func() error) {
	t.Helper()
	comments := commentsOfFields(t)
	for _, s := range settings {
		if s.path == "version" || s.path == "sms.kind" || s.path == "twoFactor.required.who" { // must be said
			continue
		}
		t.Run(s.path, func(t *testing.T) {
			comment := comments[s.declared]
			if s.value.Kind() == reflect.String {
				if text := s.value.String(); text != "" && !strings.Contains(comment, text+" by default") {
					t.Errorf("is %s by default, and its comment says %q", text, comment)
				}
				return
			}
			said := regexp.MustCompile(`([0-9]\w*) to ([0-9]\w*)[, ].*?([0-9]\w*) by default`).FindStringSubmatch(comment)
			if said == nil {
				t.Fatalf("its comment says %q, and neither bounds nor default", comment)
			}
			low, high, otherwise := number(t, s.value, said[1]), number(t, s.value, said[2]), number(t, s.value, said[3])
			if s.value.Int() != otherwise {
				t.Errorf("is %v by default, and its comment says %s", s.value, said[3])
			}
			for value, refused := range map[int64]bool{low - 1: true, low: false, otherwise: false, high: false, high + 1: true} {
				s.value.SetInt(value)
				if err := validate(); refused != (err != nil && strings.Contains(err.Error(), s.path+": ")) {
					t.Errorf("its comment says %s to %s, and of %v Validate says %v", said[1], said[2], s.value, err)
				}
			}
			s.value.SetInt(otherwise)
		})
	}
}

// setting is a number, a duration or one of a few words within the settings.
type setting struct {
	path     string // in the document
	declared string // Type.Field
	value    reflect.Value
}

func settingsOf(v reflect.Value, path string) []setting {
	var all []setting
	for i := range v.NumField() {
		field := v.Type().Field(i)
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		within := strings.TrimPrefix(path+"."+tag, ".")
		value := reflect.Indirect(v.Field(i))
		switch {
		case value.Kind() == reflect.Struct && value.Type() != reflect.TypeFor[time.Time]():
			all = append(all, settingsOf(value, within)...)
		case value.Kind() == reflect.Int, value.Kind() == reflect.Int64, value.Kind() == reflect.String && value.Type().PkgPath() != "":
			all = append(all, setting{within, v.Type().Name() + "." + field.Name, value})
		}
	}
	return all
}

func number(t *testing.T, like reflect.Value, text string) int64 {
	t.Helper()
	if like.Type() == reflect.TypeFor[realmconfig.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return int64(d)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// commentsOfFields are the package's, on one line each, by Type.Field.
func commentsOfFields(t *testing.T) map[string]string {
	t.Helper()
	names, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			declared, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if of, ok := declared.Type.(*ast.StructType); ok {
				for _, field := range of.Fields.List {
					for _, name := range field.Names {
						comments[declared.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
					}
				}
			}
			return false
		})
	}
	return comments
}
