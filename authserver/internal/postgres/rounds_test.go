// SPDX-License-Identifier: Apache-2.0

//go:build !full

package postgres_test

// rounds is how often a race is run; `make e2e-full` runs it five times as often.
const rounds = 10
