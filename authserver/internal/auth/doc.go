// SPDX-License-Identifier: Apache-2.0

// Package auth is the vocabulary of a realm: who a User is and whom a token speaks
// for, which Client asks, what a Code refuses, and what a change brings with it.
//
// What a realm can do stands in packages of their own, each of which knows only
// those before it: audit, notify, attempts, session, mfa, signin, reclaim,
// federation, account and admin. They import no driver and no transport; each
// declares the small Store that it needs of the database, of which package postgres
// satisfies all.
//
// Every refusal that a caller should understand is an *Error with a stable Code;
// any other error is a fault of ours.
//
// PostgreSQL remembers, Redis answers: a Store is the truth. What is called
// Ephemeral may forget anything at any time, and somebody else may have written
// there: it only spares the Store a question, and brings news of what the Store will
// say a second later.
package auth
