// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Consent is what a user lets a client know and do.
type Consent struct {
	UserID, ClientID string
	// ClientSince is when the client came to be: nobody has agreed to another one of that
	// name.
	ClientSince time.Time
	// Scopes are in order, each once.
	Scopes []string
}

// Answer is what a user has answered to a question that is answered once.
type Answer struct {
	Consent
	// Question tells it from others, and AnswerBy is when it is good no longer.
	Question string
	AnswerBy time.Time
	// Remembered is set for one that need not be asked again.
	Remembered bool
}

// Consented reports whether a user has agreed to all of c before. It refuses with
// DatabaseUnavailable.
func (s *Service) Consented(ctx context.Context, c Consent) (bool, error) {
	return s.Store.ConsentGiven(ctx, c)
}

// Agree takes a user's agreement in, and adds it to what they have agreed to of the client
// before where it is to be remembered. Of any number of answers to a question it is true
// for one. It refuses with DatabaseUnavailable.
func (s *Service) Agree(ctx context.Context, a Answer, from auth.Client) (bool, error) {
	asked := auth.OneTimeToken{
		Hash: sha256.Sum256([]byte("consent\x00" + a.Question)), Kind: auth.ConsentToken, CreatedAt: s.Now(), ExpiresAt: a.AnswerBy,
	}
	if !a.Remembered {
		return s.Store.SpendToken(ctx, asked)
	}
	told, err := s.Audit.NewEvent(auth.ActGiveConsent, a.UserID, a.UserID, from)
	if err != nil {
		return false, err
	}
	told.Detail = a.ClientID
	first, err := s.Store.RememberConsent(ctx, a.Consent, asked, told)
	if err == nil && first {
		s.Audit.Print(ctx, told)
	}
	return first, err
}
