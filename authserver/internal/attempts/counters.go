// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// PasswordCounters are what a guess at the account's password is counted by, the
// one that success clears first: a known device's own counter alone, or
// the account's and the source's. Only a token of ours costs a question.
func (s *Service) PasswordCounters(ctx context.Context, email string, from auth.Client) ([]auth.Counter, error) {
	d, known, err := s.deviceAt(ctx, email, from)
	switch {
	case err != nil:
		return nil, err
	case known:
		return []auth.Counter{s.deviceCounter(d)}, nil
	}
	return []auth.Counter{s.accountCounter(auth.KeyOf(email)), s.sourceCounter(from)}, nil
}

// deviceAt is the device that a client has proved to be, if somebody has logged in with it
// to the account of an address.
func (s *Service) deviceAt(ctx context.Context, email string, from auth.Client) (device, bool, error) {
	d, ok := s.openDevice(from.Device)
	if !ok {
		return device{}, false, nil
	}
	user, found, err := s.Store.UserByID(ctx, d.UserID)
	if err != nil {
		return device{}, false, err
	}
	_, known := s.deviceOf(user, from)
	if known = found && known && user.Email == email; known {
		s.Observer.KnownDevice()
	}
	return d, known, nil
}

// OwnCounter is the counter that a user's login clears.
func (s *Service) OwnCounter(user auth.User, from auth.Client) auth.Counter {
	if d, known := s.deviceOf(user, from); known {
		return s.deviceCounter(d)
	}
	return s.accountCounter(auth.KeyOf(user.Email))
}

// deviceCounter allows as much as an account's.
func (s *Service) deviceCounter(d device) auth.Counter {
	c := s.accountCounter(auth.AccountKey{})
	c.Kind, c.Key = auth.ByDevice, auth.NewCounterKey(auth.ByDevice, d.ID)
	return c
}

// sourceCounter counts the failures of a client's source, at whatever account. That of
// a proxy whose clients cannot be told apart is another one than its own.
func (s *Service) sourceCounter(from auth.Client) auth.Counter {
	lockout, name := s.Settings().Login.Lockout, from.Source()
	if from.Shared {
		name = "unnamed proxy " + name
	}
	return auth.Counter{
		Kind: auth.BySource, Key: auth.NewCounterKey(auth.BySource, name),
		Limit: auth.AttemptLimit{Failures: from.Allowed(lockout.SourceFailures), Duration: time.Duration(lockout.Duration)},
	}
}

// CodePurpose is what a code is guessed for. Each has a counter of its own, and
// none is the password's: whoever knows no password cannot keep the owner of the
// second factor out, and trying codes does not use up tries of passwords.
type CodePurpose string

const (
	SignInCode    CodePurpose = "factor"
	EnrolmentCode CodePurpose = "enrolment"
	// DeviceCode is guessed by the user, and is none of theirs.
	DeviceCode CodePurpose = "device"
)

// CodeCounter counts the guesses at a user's codes.
func (s *Service) CodeCounter(g CodePurpose, userID string) auth.Counter {
	rule := s.Settings().TwoFactor
	return auth.Counter{
		Kind: auth.ByCode, Key: auth.NewCounterKey(auth.ByCode, string(g)+" "+userID),
		Limit: auth.AttemptLimit{Failures: rule.Failures, Duration: time.Duration(rule.Duration)},
	}
}

// DeviceCodeCounters are what a user's guess at the code of somebody's device is counted
// by: their account's, and their source's, which makes accounts as easily as the realm lets
// it. Neither has to do with sign-ins.
func (s *Service) DeviceCodeCounters(userID string, from auth.Client) []auth.Counter {
	source := s.sourceCounter(from)
	source.Key = auth.NewCounterKey(auth.BySource, string(DeviceCode)+" "+string(source.Key[:]))
	return []auth.Counter{s.CodeCounter(DeviceCode, userID), source}
}

// accountCounter counts the guesses at an account's password.
func (s *Service) accountCounter(account auth.AccountKey) auth.Counter {
	lockout := s.Settings().Login.Lockout
	return auth.Counter{
		Kind: auth.ByAccount, Key: account.Counter(),
		Limit: auth.AttemptLimit{Failures: lockout.Failures, Duration: time.Duration(lockout.Duration)},
	}
}

// CountersOf is the counters of every guess at what protects an account.
func (s *Service) CountersOf(user auth.User) []auth.CounterKey {
	return []auth.CounterKey{
		auth.KeyOf(user.Email).Counter(),
		s.CodeCounter(SignInCode, user.ID).Key,
		s.CodeCounter(EnrolmentCode, user.ID).Key,
		mailedCodesCounter(auth.KeyOf(user.Email)).Key,
	}
}
