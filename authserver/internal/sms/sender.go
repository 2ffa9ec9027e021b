// SPDX-License-Identifier: Apache-2.0

// Package sms hands notices to a service that sends text messages: Twilio's API,
// or a webhook of the realm's own.
package sms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Clients makes an HTTP client that follows no redirect and connects to private
// addresses only where it may.
type Clients func(timeout time.Duration, allowPrivate bool) *http.Client

// Sender sends with the settings and credentials in force at each message.
type Sender struct {
	snapshot func() *realmconfig.Snapshot
	now      func() time.Time
	clients  Clients
	words    words
}

// New returns a sender that follows snapshot.
func New(snapshot func() *realmconfig.Snapshot, now func() time.Time, clients Clients) *Sender {
	return &Sender{snapshot, now, clients, parseWords()}
}

// outgoing is a text message that is about to be sent.
type outgoing struct {
	id   string
	kind auth.MessageKind
	notify.Notice
	text string
}

// Deliver returns nil once the service has taken the message. The error is an
// *notify.DeliveryError: permanent when the service refuses this message, so that it
// need not be tried again.
func (s *Sender) Deliver(ctx context.Context, kind auth.MessageKind, id string, n notify.Notice) error {
	snapshot := s.snapshot()
	settings := snapshot.Config.SMS
	if settings == nil {
		return &notify.DeliveryError{Reason: "the realm has no settings for text messages"}
	}
	if !telephone.MatchString(n.To) {
		return &notify.DeliveryError{Reason: "the recipient's number is not one", Permanent: true}
	}
	text, err := s.words.text(kind, snapshot.Config.TwoFactor.Label, n)
	if err != nil {
		return err
	}
	m := outgoing{id, kind, n, text}
	var request *http.Request
	switch settings.Kind {
	case realmconfig.Twilio:
		request, err = twilio(ctx, *settings, snapshot.Credentials.SMS, m)
	default:
		request, err = webhook(ctx, *settings, snapshot.Credentials.SMS, m, s.now())
	}
	if err != nil {
		return err
	}
	client := s.clients(time.Duration(settings.Timeout), settings.AllowPrivateNetworks)
	defer client.CloseIdleConnections()
	return exchange(client, request)
}

// telephone is E.164.
var telephone = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// exchange sends the request. What is said of a failure is in our own words:
// services quote numbers in theirs.
func exchange(client *http.Client, request *http.Request) error {
	response, err := client.Do(request)
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return &notify.DeliveryError{Reason: "the SMS service did not answer in time"}
	case err != nil:
		return &notify.DeliveryError{Reason: "the SMS service cannot be reached, or its address is not allowed"}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode/100 == 2 {
		return nil
	}
	return &notify.DeliveryError{
		Reason:    fmt.Sprintf("the SMS service answered %d", response.StatusCode),
		Permanent: final(response.StatusCode),
	}
}

// final is true for a status that is about this message. What is wrong with the
// address, the credentials or the rate is wrong with every message, and passes.
func final(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	default:
		return status/100 == 4
	}
}
