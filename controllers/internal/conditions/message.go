// SPDX-License-Identifier: Apache-2.0

package conditions

import (
	"strings"
	"time"
	"unicode"
)

// Ellipsis stands for what is left out of a message.
const Ellipsis = "…"

// StableMessage is the message of an error, on one line and the same on every try:
// times, request IDs and the ports that connections begin at are left out.
func StableMessage(err error) string {
	words := strings.Fields(err.Error())
	for i, word := range words {
		words[i] = stable(word)
	}
	return Truncate(strings.Join(words, " "))
}

// stable is a word without what differs from one try to the next.
func stable(word string) string {
	if from, to, found := strings.Cut(word, "->"); found && strings.Contains(from, ":") && strings.Contains(to, ":") {
		return from[:strings.LastIndex(from, ":")] + "->" + to // a connection
	}
	core := strings.Trim(word, `"'()[]{},.;`)
	if _, value, found := strings.Cut(core, "="); found {
		core = value
	}
	if _, err := time.Parse(time.RFC3339Nano, core); err == nil || isUUID(core) {
		return strings.Replace(word, core, Ellipsis, 1)
	}
	return word
}

// isUUID reports whether a word has the form of RFC 9562, section 4.
func isUUID(word string) bool {
	groups := strings.Split(word, "-")
	if len(groups) != 5 {
		return false
	}
	for i, length := range []int{8, 4, 4, 4, 12} {
		if len(groups[i]) != length || strings.Trim(groups[i], "0123456789abcdefABCDEF") != "" {
			return false
		}
	}
	return true
}

// Truncate keeps a message, which may be another controller's, on one line of printable
// characters, and from filling the status.
func Truncate(message string) string {
	const limit = 512 // in bytes
	message = strings.Join(strings.Fields(strings.Map(printable, message)), " ")
	if len(message) <= limit {
		return message
	}
	return strings.ToValidUTF8(message[:limit], "") + Ellipsis
}

// printable leaves out what a terminal would take for a command.
func printable(r rune) rune {
	if unicode.IsPrint(r) || unicode.IsSpace(r) {
		return r
	}
	return -1
}

// OneLine is the message of an error with its lines joined.
func OneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
