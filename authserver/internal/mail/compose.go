// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"fmt"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// composer makes mails out of notices.
type composer struct {
	words   map[string]words
	layouts layouts
}

func newComposer() composer { return composer{parseWords(), parseLayouts()} }

// page is what a layout shows.
type page struct {
	realmconfig.MailFields
	Subject, Greeting string
	// Before and After are paragraphs around the code or link; Action is the
	// link's label.
	Before, After []string
	Action        string
	Facts         []fact
}

// fact tells of the request that caused the mail.
type fact struct{ Label, Value string }

// compose words a notice, in the reader's language and the realm's templates.
func (c composer) compose(settings realmconfig.Email, kind auth.MessageKind, n notify.Notice) (realmconfig.EmailTemplate, error) {
	w := language(c.words, n.Locale)
	fields, err := fieldsOf(settings, w, n)
	if err != nil {
		return realmconfig.EmailTemplate{}, err
	}
	p, err := pageOf(w, kind, fields)
	if err != nil {
		return realmconfig.EmailTemplate{}, fmt.Errorf("word %s: %w", kind, err)
	}
	mail, err := c.lay(p)
	if err != nil {
		return realmconfig.EmailTemplate{}, fmt.Errorf("lay out %s: %w", kind, err)
	}
	own, err := settings.Templates[string(kind)].Execute(fields)
	if err != nil {
		return realmconfig.EmailTemplate{}, fmt.Errorf("fill in the realm's %s: %w", kind, err)
	}
	for _, part := range []struct {
		own string
		of  *string
	}{{own.Subject, &mail.Subject}, {own.Text, &mail.Text}, {own.HTML, &mail.HTML}} {
		if part.own != "" {
			*part.of = part.own
		}
	}
	mail.Subject = oneLine(mail.Subject)
	return mail, nil
}

func fieldsOf(settings realmconfig.Email, w words, n notify.Notice) (realmconfig.MailFields, error) {
	lifetime, err := w.lifetime(n.Lifetime)
	if err != nil {
		return realmconfig.MailFields{}, fmt.Errorf("word a lifetime: %w", err)
	}
	fields := realmconfig.MailFields{
		Product: settings.Product, SupportURL: settings.SupportURL,
		Name: greetable(n.Name), Email: n.To, Locale: w.language,
		Link: string(n.Link), Code: string(n.Code), Lifetime: lifetime, Provider: n.Provider, Application: n.Application,
		Source: source(n.Address), Device: device(n.UserAgent),
	}
	if !n.At.IsZero() {
		fields.Time = n.At.UTC().Format("2006-01-02 15:04 ") + time.UTC.String()
	}
	return fields, nil
}

func pageOf(w words, kind auth.MessageKind, fields realmconfig.MailFields) (page, error) {
	p := page{MailFields: fields}
	said := map[string]string{}
	for _, phrase := range []string{
		"greeting", "time", "source", "device",
		string(kind) + "/subject", string(kind) + "/action", string(kind) + "/before", string(kind) + "/after",
	} {
		text, err := w.say(phrase, fields)
		if err != nil {
			return page{}, err
		}
		said[strings.TrimPrefix(phrase, string(kind)+"/")] = text
	}
	p.Subject, p.Greeting, p.Action = said["subject"], said["greeting"], said["action"]
	p.Before, p.After = paragraphs(said["before"]), paragraphs(said["after"])
	for _, f := range []fact{{said["time"], fields.Time}, {said["source"], fields.Source}, {said["device"], fields.Device}} {
		if f.Value != "" {
			p.Facts = append(p.Facts, f)
		}
	}
	return p, nil
}

func (c composer) lay(p page) (realmconfig.EmailTemplate, error) {
	text, html := strings.Builder{}, strings.Builder{}
	if err := c.layouts.text.Execute(&text, p); err != nil {
		return realmconfig.EmailTemplate{}, err
	}
	if err := c.layouts.html.Execute(&html, p); err != nil {
		return realmconfig.EmailTemplate{}, err
	}
	return realmconfig.EmailTemplate{Subject: p.Subject, Text: text.String(), HTML: html.String()}, nil
}

// paragraphs are what blank lines separate.
func paragraphs(text string) []string { return strings.Split(text, "\n\n") }
