// SPDX-License-Identifier: Apache-2.0

// Package auth holds the rules of a realm: who may log in, what a session is,
// when an account is locked, what a refresh token may still do.
//
// It declares what it needs of the world in ports.go and imports no driver and
// no transport. Every refusal that a caller should understand is an *Error with
// a stable Code; any other error is a fault of ours.
//
// # Login
//
// An attempt is reserved before the password is looked at, by one atomic
// statement, so that a thousand guesses at once are worth no more than the
// realm's lockout limit. It is reserved in two counters, the account's and the
// source address's; the failure that uses up the limit of one locks it. A right
// password clears the account's and takes its attempt back from the source's.
//
// Locks by account would let strangers lock anybody out. A device that has
// logged in therefore keeps a sealed token, is counted by itself, and is neither
// stopped by the locks of strangers nor of use against other accounts.
//
// # Second factor
//
// A right first factor, a password or a provider's word, goes through admit. A
// user with a second factor is given a challenge there, which remembers what was
// right. A code answers it: one statement spends the code, redeems the challenge
// and opens the session, so that neither can be used twice and none is lost
// without the other. Guesses at codes have a counter of their own.
//
// # Other providers
//
// A sign-in through a provider is a journey: begun with a ticket that belongs to
// one browser, ended by redeeming it. What the provider says becomes an Identity;
// which user that is, and whether it may become one, is decided in identity.go.
// An application gets a one-time code in its address, never a token.
//
// # Refresh
//
// A refresh token is used once and replaced by a successor of the same session.
// The successor is kept beside the used token, sealed under a key that only the
// used token yields. A client that lost the answer, or a second tab, presents
// the used token again within the grace period and is given the same
// successor. Later than that, the token must have been copied, and its session
// ends.
//
// # Mailed links
//
// Verification, a new address and a forgotten password go by a ticket that is
// mailed. It proves the address that it went to and no other, works once, and
// gives way to the next of its kind. An address gets a few mails of each kind an hour,
// whoever asks. Asking does the same work and is answered the same whether or
// not there is such an account; what happened is in the mail alone.
//
// A new password and a login that meet cannot miss each other: the password is
// set only if nobody has logged in since its user was read. So no session of the
// old one is left when it has been changed.
//
// # Effects
//
// Mail, text messages and lines of the audit trail are stored by the statement
// that makes the change they tell of, or not at all. Messages wait in the outbox,
// sealed, until any server has delivered them.
//
// # Ends
//
// A session that has ended is of no use to anybody: not its refresh tokens, which
// the Store refuses; not its access tokens, which every server knows as revoked for
// as long as one could live; not the codes, links and new addresses that were asked
// for with it. A session that an application was given by a code is one of its own
// from then on.
//
// # PostgreSQL remembers, Redis answers
//
// Store is the truth. Ephemeral may forget anything at any time, and somebody else
// may have written there: it only spares the Store a question, and brings news of
// what the Store will say a second later.
package auth
