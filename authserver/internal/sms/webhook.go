// SPDX-License-Identifier: Apache-2.0

package sms

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// event is the body of a webhook, in the envelope of Standard Webhooks 1.0.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      eventData `json:"data"`
}

type eventData struct {
	To     string `json:"to"`
	Text   string `json:"text"`
	Locale string `json:"locale,omitempty"`
	// Code is the one in Text, for services that have templates of their own.
	Code string `json:"code,omitempty"`
}

// webhook signs a message. Id and body are the same at every attempt, so that the
// receiver can tell a repetition.
func webhook(ctx context.Context, settings realmconfig.SMS, secrets realmconfig.Credential, m outgoing, now time.Time) (*http.Request, error) {
	body, err := json.Marshal(event{
		Type: "sms." + string(m.kind), Timestamp: m.At.UTC(),
		Data: eventData{To: m.To, Text: m.text, Locale: m.Locale, Code: string(m.Code)},
	})
	if err != nil {
		return nil, &notify.DeliveryError{Reason: "the text message cannot be encoded"}
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signatures, err := sign(string(secrets), m.id+"."+timestamp+"."+string(body))
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, settings.URL, bytes.NewReader(body))
	if err != nil {
		return nil, &notify.DeliveryError{Reason: "the SMS service's address is not a URL"}
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "webhook-id": m.id, "webhook-timestamp": timestamp, "webhook-signature": signatures,
	} {
		request.Header.Set(name, value)
	}
	return request, nil
}

// sign makes one signature for each secret; there are several, separated by white
// space, while they are rotated.
func sign(secrets, content string) (string, error) {
	signatures := []string{}
	for _, secret := range strings.Fields(secrets) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) == 0 {
			return "", &notify.DeliveryError{Reason: fmt.Sprintf("secret %d of the SMS webhook is not whsec_ and base64", len(signatures)+1)}
		}
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write([]byte(content))
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) == 0 {
		return "", &notify.DeliveryError{Reason: "the SMS webhook has no secret"}
	}
	return strings.Join(signatures, " "), nil
}
