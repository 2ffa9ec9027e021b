// SPDX-License-Identifier: Apache-2.0

//go:build full

package authserver_test

func tried(_, _, _ int) bool { return true }
