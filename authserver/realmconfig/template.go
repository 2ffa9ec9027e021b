// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"cmp"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// EmailTemplateNames are the mails that a realm sends, and may word differently.
func EmailTemplateNames() []string {
	return []string{
		"account-locked", "account-reclaimed", "account-recovered", "already-registered", "code", "device-allowed", "email-changed", "identity-linked", "new-device",
		"passkey-added", "passkey-removed", "password-changed", "personal-access-token-made",
		"recovery-begun", "recovery-cancelled", "recovery-link", "recovery-ready", "registration-link", "reset-password", "second-factor-added", "second-factor-removed", "set-up-code",
		"verify-email",
	}
}

// MailFields are what a template may use. Each but Product, Email and Locale may
// be empty.
type MailFields struct {
	// Product and SupportURL are the realm's.
	Product, SupportURL string
	// Name is what the reader wants to be called, Email the address of the mail.
	Name, Email string
	// Locale is the language of the built-in words that fit the reader: de, en, es or fr.
	Locale string
	// Link and Code let the reader act, for Lifetime: "30 minutes".
	Link, Code, Lifetime string
	// Provider is who has become a way in.
	Provider string
	// Application is who was let into the account, or what a token was made for.
	Application string
	// Time ("2026-11-22 11:57 UTC"), Source (an IP address) and Device ("Firefox,
	// Linux") tell of the request that caused the mail.
	Time, Source, Device string
}

// Execute fills the parts that are not empty in.
func (t EmailTemplate) Execute(fields MailFields) (EmailTemplate, error) {
	filled := EmailTemplate{}
	for _, part := range []struct {
		name, from string
		to         *string
		parse      func(string) (executor, error)
	}{
		{"subject", t.Subject, &filled.Subject, parseText},
		{"text", t.Text, &filled.Text, parseText},
		{"html", t.HTML, &filled.HTML, parseHTML},
	} {
		if part.from == "" {
			continue
		}
		parsed, err := part.parse(part.from)
		if err != nil {
			return EmailTemplate{}, fmt.Errorf("%s: is not a template: %w", part.name, err)
		}
		out := strings.Builder{}
		if err := parsed.Execute(&out, fields); err != nil {
			return EmailTemplate{}, fmt.Errorf("%s: cannot be filled in: %w", part.name, err)
		}
		*part.to = out.String()
	}
	return filled, nil
}

type executor interface{ Execute(io.Writer, any) error }

// maxTemplate is the longest part of a template, in bytes.
const maxTemplate = 64 << 10

// What a template takes in time and space stays in proportion to its length:
// neither a server nor the operator, which reads the templates of many realms,
// may be stopped by one.
var (
	errLooping = errors.New("range, template, block and define are not for mails")
	errGrowing = errors.New("print, printf, println, html, js, urlquery and call are not for mails")
)

func refused() map[string]any {
	all := map[string]any{}
	for _, name := range []string{"print", "printf", "println", "html", "js", "urlquery", "call"} {
		all[name] = func(...any) (string, error) { return "", errGrowing }
	}
	return all
}

// Templates are named after nothing, so that errors name only the place.
func parseText(from string) (executor, error) {
	t, err := template.New("").Funcs(refused()).Parse(from)
	if err != nil {
		return nil, err
	}
	return t, straight(from, t.Tree, len(t.Templates()))
}

func parseHTML(from string) (executor, error) {
	t, err := htmltemplate.New("").Funcs(refused()).Parse(from)
	if err != nil {
		return nil, err
	}
	return t, straight(from, t.Tree, len(t.Templates()))
}

// straight refuses templates that could repeat themselves.
func straight(from string, tree *parse.Tree, templates int) error {
	switch {
	case len(from) > maxTemplate:
		return fmt.Errorf("has more than %d bytes", maxTemplate)
	case templates > 1 || tree != nil && repeats(tree.Root):
		return errLooping
	default:
		return nil
	}
}

func repeats(list *parse.ListNode) bool {
	if list == nil {
		return false
	}
	return slices.ContainsFunc(list.Nodes, func(n parse.Node) bool {
		switch n := n.(type) {
		case *parse.RangeNode, *parse.TemplateNode:
			return true
		case *parse.IfNode:
			return repeats(n.List) || repeats(n.ElseList)
		case *parse.WithNode:
			return repeats(n.List) || repeats(n.ElseList)
		default:
			return false
		}
	})
}

func validateTemplates(p *problems, templates map[string]EmailTemplate) {
	everything := MailFields{
		Product: "x", SupportURL: "https://example.com/", Name: "x", Email: "x", Locale: "en", Link: "https://example.com/",
		Code: "x", Lifetime: "x", Provider: "x", Application: "x", Time: "x", Source: "x", Device: "x",
	}
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		p.check(slices.Contains(EmailTemplateNames(), name), "email.templates[%s]: is not one of %s",
			name, strings.Join(EmailTemplateNames(), ", "))
		_, fullErr := templates[name].Execute(everything)
		_, emptyErr := templates[name].Execute(MailFields{})
		if err := cmp.Or(fullErr, emptyErr); err != nil {
			p.add(fmt.Errorf("email.templates[%s].%w", name, err))
		}
	}
}
