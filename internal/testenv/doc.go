// SPDX-License-Identifier: Apache-2.0

// Package testenv starts the real servers that tests need, in temporary folders
// on free ports as an unprivileged user, and leaves nothing behind.
//
// A server that many tests share is started in TestMain and given to each test
// in a part of its own, such as Postgres.Database. A server that a test breaks
// is started for that test alone. What cannot be started makes the test fail,
// never be skipped.
//
// Below it, realmtest is a realm in one call and realmfolder its documents,
// apiserver a Kubernetes API server, process a program of ours that is measured
// from outside, race many callers at once, and eventually a wait for what happens
// by itself.
package testenv
