// SPDX-License-Identifier: Apache-2.0

package sms

import (
	_ "embed"
	"strings"
	"text/template"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

//go:embed words.tmpl
var embedded string

// fallback is the language of readers whose own we do not speak.
const fallback = "en"

// words are one text per language. Each fits into one message.
type words struct{ *template.Template }

func parseWords() words { return words{template.Must(template.New("").Parse(embedded))} }

// text words a notice; codes are all that is sent by SMS.
func (w words) text(kind auth.MessageKind, product string, n notify.Notice) (string, error) {
	if kind != auth.CodeMessage {
		return "", &notify.DeliveryError{Reason: "there is no such text message", Permanent: true}
	}
	language, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(n.Locale, "_", "-")), "-")
	if language == "" || w.Lookup(language) == nil {
		language = fallback
	}
	out := strings.Builder{}
	err := w.ExecuteTemplate(&out, language, struct {
		Code, Product string
		Minutes       int
	}{string(n.Code), product, int((n.Lifetime + time.Minute - 1) / time.Minute)})
	if err != nil {
		return "", &notify.DeliveryError{Reason: "the text message cannot be worded"}
	}
	return out.String(), nil
}
