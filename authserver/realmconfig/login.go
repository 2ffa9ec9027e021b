// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// UnknownUser is what a login for an address without an account answers.
type UnknownUser string

const (
	// Reveal answers 404, as the product's founding document draws it.
	Reveal UnknownUser = "Reveal"
	// Conceal answers as for a wrong password, after the same work.
	Conceal UnknownUser = "Conceal"
)

// MailCode says whether people may sign in by a code that is mailed to them.
type MailCode string

const (
	// MailCodeOn mails a code to whoever asks for one.
	MailCodeOn MailCode = "On"
	// MailCodeOff mails none.
	MailCodeOff MailCode = "Off"
)

// Login says how logins behave.
type Login struct {
	// UnknownUser is Reveal by default.
	UnknownUser UnknownUser `json:"unknownUser"`
	// MailCode is empty by default, which means Off; On needs Email.
	MailCode MailCode `json:"mailCode,omitempty"`
	Lockout  Lockout  `json:"lockout"`
}

// Lockout refuses an account's logins for Duration after Failures failed ones.
type Lockout struct {
	// Failures is how many failed logins in a row lock an account: 1 to 100, 5 by
	// default.
	Failures int `json:"failures"`
	// Duration is how long the lock lasts: 1s to 24h, 15m by default.
	Duration Duration `json:"duration"`
	// SourceFailures is how many failed logins, to whatever accounts, one source
	// address may have within Duration before it is refused for Duration: 1 to
	// 100000, 100 by default.
	SourceFailures int `json:"sourceFailures"`
}

func (l Login) validate(p *problems, email *Email) {
	oneOf(p, "login.unknownUser", l.UnknownUser, Reveal, Conceal)
	if l.MailCode != "" {
		oneOf(p, "login.mailCode", l.MailCode, MailCodeOn, MailCodeOff)
	}
	p.check(l.MailCode != MailCodeOn || email != nil, "login.mailCode: %s needs email", MailCodeOn)
	p.number("login.lockout.failures", l.Lockout.Failures, 1, 100)
	p.duration("login.lockout.duration", l.Lockout.Duration, time.Second, 24*time.Hour)
	p.number("login.lockout.sourceFailures", l.Lockout.SourceFailures, 1, 100_000)
}
