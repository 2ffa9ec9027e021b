// SPDX-License-Identifier: Apache-2.0

// Package race lets many callers do the same thing at once, for tests of what
// must work for one of them only.
package race

import "sync"

// Run calls from so many places at once, each with its number, and returns when
// all have been answered.
func Run(callers int, call func(i int)) {
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { call(i) })
	}
	all.Wait()
}

// Answers are what so many callers at once were answered, in the order of their
// numbers.
func Answers[T any](callers int, call func(i int) T) []T {
	answers := make([]T, callers)
	Run(callers, func(i int) { answers[i] = call(i) })
	return answers
}

// Winners are the answers that somebody has won with.
func Winners[T any](callers int, call func(i int) T, won func(T) bool) []T {
	winners := []T{}
	for _, answer := range Answers(callers, call) {
		if won(answer) {
			winners = append(winners, answer)
		}
	}
	return winners
}
