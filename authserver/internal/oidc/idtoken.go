// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// idToken tells the client who the user is, and of their sign-in (OpenID Connect Core 1.0,
// sections 2 and 12.2). What it says of the sign-in is the same after a refresh, the nonce
// too.
func (s *Service) idToken(ctx context.Context, client realmconfig.Client, who *person, issued grant.Issued, scopes []string, access string) (string, error) {
	g := issued.Grant
	requested, err := requestedClaims(client, g)
	if err != nil {
		return "", err
	}
	groups, err := s.groupsFor(ctx, who, scopes, requested.IDToken)
	if err != nil {
		return "", err
	}
	said, err := s.said(ctx, realmconfig.InIDToken, client, []string{client.ID}, who)
	if err != nil {
		return "", err
	}
	now := s.Now()
	claims := claimsOf(issued.User, groups, scopes, requested.IDToken)
	addSaid(claims, said)
	claims["iss"], claims["sub"], claims["aud"] = s.Settings().Issuer, issued.User.ID, client.ID
	claims["iat"], claims["exp"] = now.Unix(), now.Add(s.lifetimeOf(client.IDTokenLifetime)).Unix()
	claims["auth_time"], claims["sid"], claims["acr"] = g.AuthTime.Unix(), g.SID, auth.ACROf(g.AMR)
	algorithm := s.idTokenAlgorithm(client)
	claims["at_hash"] = hashFor(algorithm, access)
	setText(claims, "nonce", g.Nonce)
	if len(g.AMR) > 0 {
		claims["amr"] = g.AMR
	}
	signed, err := s.Tokens.Sign(algorithm, auth.IDTokenType, claims)
	return string(signed), err
}

// idTokenAlgorithm is the client's. The realm's own applications, and clients that have
// registered themselves, are declared with none: they take what there is while a realm has no
// key for the usual one.
func (s *Service) idTokenAlgorithm(client realmconfig.Client) realmconfig.Algorithm {
	algorithms := s.Tokens.Algorithms()
	if (client.IsFirstParty() || client.RegisteredItself()) && len(algorithms) > 0 && !slices.Contains(algorithms, client.IDTokenSigningAlg) {
		return algorithms[0]
	}
	return client.IDTokenSigningAlg
}

// hashFor is the left half of a token's hash, by the hash of an algorithm (section
// 3.1.3.6): EdDSA with Ed25519 hashes with SHA-512, the others here with SHA-256.
func hashFor(algorithm realmconfig.Algorithm, token string) string {
	if algorithm == realmconfig.EdDSA {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
