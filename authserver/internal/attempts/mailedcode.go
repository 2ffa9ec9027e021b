// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// MailedCodeLifetime is how long a code that was mailed works.
	MailedCodeLifetime = 10 * time.Minute
	// mailedCodeGuesses is how many wrong guesses a code takes that was mailed.
	mailedCodeGuesses = 5
	// mailedCodesGuesses is how many all codes of one address take in mailedCodesPeriod
	// from devices that nobody has signed in with: with six digits, whoever has codes
	// mailed all year long finds less than one in a hundred.
	mailedCodesGuesses = 20
	mailedCodesPeriod  = 24 * time.Hour
)

// MailedCodeCounters are what a guess at a code is counted by that was mailed to an
// address, whether or not it has an account: the address's counter and the source's, or a
// known device's own alone, and at last the code's. None of them has to do with passwords:
// a stranger who guesses codes keeps nobody from signing in with a password. The handle is
// the code's own.
func (s *Service) MailedCodeCounters(ctx context.Context, email string, handle auth.Secret, from auth.Client) ([]auth.Counter, error) {
	ofCode := auth.Counter{
		Kind: auth.ByMailedCode, Key: auth.NewCounterKey(auth.ByMailedCode, string(handle)),
		Limit: auth.AttemptLimit{Failures: mailedCodeGuesses, Duration: MailedCodeLifetime},
	}
	d, known, err := s.deviceAt(ctx, email, from)
	switch {
	case err != nil:
		return nil, err
	case known:
		return []auth.Counter{mailedCodesOfDevice(d), ofCode}, nil
	}
	source := s.sourceCounter(from)
	source.Key = auth.NewCounterKey(auth.BySource, "mailed code "+string(source.Key[:]))
	return []auth.Counter{mailedCodesCounter(auth.KeyOf(email)), source, ofCode}, nil
}

func mailedCodesCounter(account auth.AccountKey) auth.Counter {
	return auth.Counter{
		Kind: auth.ByCode, Key: auth.NewCounterKey(auth.ByCode, "mailed "+account.String()),
		Limit: auth.AttemptLimit{Failures: mailedCodesGuesses, Duration: mailedCodesPeriod},
	}
}

// SetUpCodeCounters are what a guess at a code is counted by that was mailed to a user who has
// shown their first factor, before they set up a second one: by the user, or by a known device
// alone, and at last by the sign-in that waits for it. A stranger, who knows no password, keeps
// nobody from that.
func (s *Service) SetUpCodeCounters(ctx context.Context, user auth.User, signIn auth.Secret, from auth.Client) ([]auth.Counter, error) {
	ofSignIn := auth.Counter{
		Kind: auth.ByMailedCode, Key: auth.NewCounterKey(auth.ByMailedCode, "set-up "+string(signIn)),
		Limit: auth.AttemptLimit{Failures: mailedCodeGuesses, Duration: MailedCodeLifetime},
	}
	ofUser := auth.Counter{
		Kind: auth.ByCode, Key: auth.NewCounterKey(auth.ByCode, "set-up "+user.ID),
		Limit: auth.AttemptLimit{Failures: mailedCodesGuesses, Duration: mailedCodesPeriod},
	}
	d, known, err := s.deviceAt(ctx, user.Email, from)
	if err == nil && known {
		ofUser.Kind, ofUser.Key = auth.ByDevice, auth.NewCounterKey(auth.ByDevice, "set-up "+d.ID)
	}
	return []auth.Counter{ofUser, ofSignIn}, err
}

// mailedCodesOfDevice allows as much as an address's counter.
func mailedCodesOfDevice(d device) auth.Counter {
	c := mailedCodesCounter(auth.AccountKey{})
	c.Kind, c.Key = auth.ByDevice, auth.NewCounterKey(auth.ByDevice, "mailed "+d.ID)
	return c
}
