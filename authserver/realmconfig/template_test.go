// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestMailTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mail     string
		template realmconfig.EmailTemplate
		problem  string // empty when it is taken
	}{
		"nothing changed": {"code", realmconfig.EmailTemplate{}, ""},
		"every field": {"reset-password", realmconfig.EmailTemplate{
			Subject: "{{.Product}} {{.Name}}", Text: "{{if .Link}}{{.Link}} {{.Lifetime}}{{else}}{{.Code}}{{end}} {{.Email}} {{.Locale}}",
			HTML: `<a href="{{.SupportURL}}">{{with .Time}}{{.}}{{end}}</a> {{.Source}} {{if and .Device (ne .Device "x")}}{{.Device}}{{end}}`,
		}, ""},
		"an unknown mail":          {"welcome", realmconfig.EmailTemplate{}, "email.templates[welcome]: is not one of account-locked"},
		"an unknown field":         {"code", realmconfig.EmailTemplate{Text: "{{.Password}}"}, "email.templates[code].text: cannot be filled in"},
		"a field behind if":        {"code", realmconfig.EmailTemplate{Text: "{{if not .Name}}{{.Password}}{{end}}"}, "email.templates[code].text: cannot be filled in"},
		"an open action":           {"code", realmconfig.EmailTemplate{Subject: "{{.Code"}, "email.templates[code].subject: is not a template"},
		"an unknown function":      {"code", realmconfig.EmailTemplate{HTML: "{{env}}"}, "email.templates[code].html: is not a template"},
		"HTML that cannot be safe": {"code", realmconfig.EmailTemplate{HTML: "<script>{{if .Code}}`{{end}}{{.Name}}</script>"}, "email.templates[code].html"},
		"a loop":                   {"code", realmconfig.EmailTemplate{Text: "{{if .Code}}{{range 1000000000000}}{{end}}{{end}}"}, "range, template"},
		"a loop in HTML":           {"code", realmconfig.EmailTemplate{HTML: "{{with .Code}}{{else}}{{range 1000000000000}}{{end}}{{end}}"}, "range, template"},
		"a template of its own":    {"code", realmconfig.EmailTemplate{Text: `{{define "x"}}x{{end}}{{template "x"}}`}, "range, template"},
		"growth":                   {"code", realmconfig.EmailTemplate{Text: `{{$x := "x"}}{{$x = printf "%s%s" $x $x}}`}, "print, printf"},
		"growth in HTML":           {"code", realmconfig.EmailTemplate{HTML: `{{.Code | printf "%999999s"}}`}, "print, printf"},
		"too long":                 {"code", realmconfig.EmailTemplate{Text: strings.Repeat("x", 64<<10+1)}, "has more than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := goodConfig()
			config.Email = &realmconfig.Email{
				From: "login@example.com", Host: "mail.example.com", Port: 587, Security: realmconfig.StartTLS,
				Timeout: realmconfig.Duration(10 * time.Second), Product: "Example",
				Templates: map[string]realmconfig.EmailTemplate{c.mail: c.template},
			}
			err := config.Validate()
			switch {
			case c.problem == "" && err != nil:
				t.Error(err)
			case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
				t.Errorf("problem is %v, want %s", err, c.problem)
			}
		})
	}
}

func FuzzMailTemplate(f *testing.F) {
	for _, seed := range []string{"", "{{.Name}}", `<a href="{{.Link}}">`, "{{range 9}}{{end}}", "{{with .Code}}{{.}}{{end}}", `{{html .Name}}`, "{{"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, part string) {
		_, _ = realmconfig.EmailTemplate{Subject: part, Text: part, HTML: part}.Execute(realmconfig.MailFields{Name: "x"})
	})
}
