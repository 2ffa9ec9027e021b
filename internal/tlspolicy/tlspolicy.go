// SPDX-License-Identifier: Apache-2.0

// Package tlspolicy is how operator and server speak TLS, whoever the other side is.
package tlspolicy

import "crypto/tls"

// New returns a configuration for listeners and clients: TLS 1.2 or newer and, of
// TLS 1.2, only the suites with forward secrecy and authenticated encryption (RFC
// 9325, section 4.2). TLS 1.3 has no others.
func New() *tls.Config {
	config := &tls.Config{}
	Require(config)
	return config
}

// Require changes a configuration that somebody else has made, as New would have
// made it.
func Require(config *tls.Config) {
	config.MinVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}
