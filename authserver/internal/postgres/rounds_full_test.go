// SPDX-License-Identifier: Apache-2.0

//go:build full

package postgres_test

// rounds is how often a race is run.
const rounds = 50
