// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/field"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// maxForm bounds what a form may send, in bytes.
	maxForm = 16 << 10
	// maxURL bounds an address in a form, in bytes.
	maxURL = 2048
	// maxBack bounds the page's own address, in which another may stand.
	maxBack = 10 << 10
	// maxText bounds what has no limit of its own, such as a secret.
	maxText = 4096
)

// limits are how long texts may be, in bytes, in forms and addresses of pages.
func limits() map[string]int {
	return map[string]int{
		"email": auth.MaxEmailLength, "confirm": auth.MaxEmailLength, "username": auth.MaxEmailLength, "q": auth.MaxEmailLength,
		"name": maxName, "locale": auth.MaxLocaleLength, "role": maxRole, "phone": maxPhone,
		"journey": request.MaxJourney, "resume": 16, "return_to": maxURL, "code_challenge": maxURL, "url": maxURL, "back": maxBack,
		"codes": 1024, "methods": 64, "provider": 128, "client": 320, "user": maxID, "language": 8, "again": 16, "flow": 16, "text": 8, "discard": 8, interruptedField: maxForm,
		"password": maxText, "current": maxText, "code": maxText, "session_id": maxText,
		"scope": 128, "days": 8,
		"description": auth.MaxServiceAccountDescription,
		"ceremony":    128, "credential": maxCredential,
		"status": 16, "state": 16, "group": realmconfig.MaxGroupName, "action": 64, "before": 128, "from": 32, "to": 32, "saved": 32, "error": 64, "error_reason": 64,
	}
}

// readInput reads the form and refuses, before any page has looked, what the API
// would refuse too: what is too long, is no UTF-8, or cannot be stored. What a
// field means, its page says.
func (req *pageRequest) readInput() error {
	if id := req.r.PathValue("id"); id != "" && !auth.IsID(id) {
		return &auth.Error{Code: auth.NotFound}
	}
	if err := req.readForm(); err != nil {
		return err
	}
	for _, values := range []url.Values{req.r.PostForm, req.r.URL.Query()} {
		if err := checkTexts(values); err != nil {
			return err
		}
	}
	return nil
}

func (req *pageRequest) readForm() error {
	if req.r.Method != http.MethodPost {
		return nil
	}
	req.r.Body = http.MaxBytesReader(req.w, req.r.Body, maxForm)
	err := req.r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &auth.Error{Code: auth.BodyTooLarge}
	case err != nil:
		return &auth.Error{Code: auth.InvalidRequest, Cause: err}
	}
	return nil
}

func checkTexts(values url.Values) error {
	known := limits()
	for name, texts := range values {
		limit, found := known[name]
		if !found {
			limit = maxText
		}
		for _, text := range texts {
			switch {
			case len(text) > limit:
				return invalid("length")
			case field.Rule{MaxLength: limit}.Fault(text) != "":
				return invalid("text")
			}
		}
	}
	return nil
}

// field is what a form sent. It is never cut: readInput has refused what is
// longer than max, which limits knows.
func (req *pageRequest) field(name string, max int) string {
	value := req.r.PostFormValue(name)
	return value[:min(len(value), max)]
}

func (req *pageRequest) secret(name string) auth.Secret { return auth.Secret(req.field(name, maxText)) }
