// SPDX-License-Identifier: Apache-2.0

// Package problem says in HTTP what a refusal means: from the code of an *auth.Error
// it knows the status, the title and the words, and how long to wait.
//
// A transport asks Of what it may tell of an error, and logs the rest. Programs are
// answered by a Writer, in the form of RFC 9457; pages have words of their own, in
// the reader's language, and ask for PageStatus and Seconds.
package problem
