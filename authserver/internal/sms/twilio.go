// SPDX-License-Identifier: Apache-2.0

package sms

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// twilio creates a Message resource. Twilio cannot be told that a request is a
// repetition: an answer that is lost means a second message.
func twilio(ctx context.Context, settings realmconfig.SMS, token realmconfig.Credential, m outgoing) (*http.Request, error) {
	form := url.Values{"To": {m.To}, "Body": {m.text}}
	// A service picks the sender itself.
	if strings.HasPrefix(settings.From, "MG") {
		form.Set("MessagingServiceSid", settings.From)
	} else {
		form.Set("From", settings.From)
	}
	address := strings.TrimSuffix(settings.URL, "/") + "/2010-04-01/Accounts/" + url.PathEscape(settings.AccountSID) + "/Messages.json"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, &notify.DeliveryError{Reason: "the SMS service's address is not a URL"}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.SetBasicAuth(settings.AccountSID, string(token))
	return request, nil
}
