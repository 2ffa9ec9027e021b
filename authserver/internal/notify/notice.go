// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Notice is what a Message says.
type Notice struct {
	// To is an address or, by SMS, a telephone number (E.164).
	To string `json:"to"`
	// Name and Locale (BCP 47) of the reader; either may be empty.
	Name   string `json:"name,omitempty"`
	Locale string `json:"locale,omitempty"`
	// Link and Code let the reader act; Lifetime is how long they work.
	Link     auth.Secret   `json:"link,omitempty"`
	Code     auth.Secret   `json:"code,omitempty"`
	Lifetime time.Duration `json:"lifetime,omitempty"`
	// Provider is the display name of one that has become a way in.
	Provider string `json:"provider,omitempty"`
	// Application is the display name of one that was let into the account, or for which a
	// token was made.
	Application string `json:"application,omitempty"`
	// At, Address and UserAgent say when and from where it was asked for.
	At        time.Time `json:"at"`
	Address   string    `json:"address,omitempty"`
	UserAgent string    `json:"userAgent,omitempty"`
}

// sealedForOutbox is the purpose under which notices are sealed.
const sealedForOutbox = "outbox"

// NewMessage seals a notice. It is sent when a Store has taken it as an effect.
func (s *Service) NewMessage(channel auth.Channel, kind auth.MessageKind, n Notice) (auth.Message, error) {
	id, err := s.NewID()
	if err != nil {
		return auth.Message{}, err
	}
	document, err := json.Marshal(n)
	if err != nil {
		return auth.Message{}, fmt.Errorf("encode notice: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealedForOutbox, id, document)
	if err != nil {
		return auth.Message{}, err
	}
	return auth.Message{ID: id, Channel: channel, Kind: kind, Sealed: sealed}, nil
}

// openMessage is what a Message says, for whoever delivers it.
func openMessage(sealer auth.Sealer, m auth.Message) (Notice, error) {
	document, err := sealer.Open(sealedForOutbox, m.ID, m.Sealed)
	if err != nil {
		return Notice{}, err
	}
	n := Notice{}
	if err := json.Unmarshal(document, &n); err != nil {
		return Notice{}, fmt.Errorf("decode notice: %w", err)
	}
	return n, nil
}

// Mail is a mail to a user about what has happened to the account. A realm
// that sends no mail has none.
func (s *Service) Mail(kind auth.MessageKind, user auth.User, from auth.Client) ([]auth.Message, error) {
	return s.MailWith(kind, user, Notice{}, from)
}

// MailWith is a Mail that says more than who did it and when.
func (s *Service) MailWith(kind auth.MessageKind, user auth.User, n Notice, from auth.Client) ([]auth.Message, error) {
	if s.Settings().Email == nil {
		return nil, nil
	}
	n.To, n.Name, n.Locale = user.Email, user.Name, user.Locale
	n.At, n.Address, n.UserAgent = s.Now(), from.Address, from.UserAgent
	m, err := s.NewMessage(auth.ByMail, kind, n)
	if err != nil {
		return nil, err
	}
	m.Quotas, err = s.noticeQuotas(kind, user)
	return []auth.Message{m}, err
}
