// SPDX-License-Identifier: Apache-2.0

// Package dpop finds out whether a client holds the private key that a token is, or is to
// be, bound to (RFC 9449): by a proof, a JWT about one request that the key has signed.
//
// A key is called by its thumbprint (RFC 7638). A proof is good for one request, and where
// its sender can be told a nonce, for as long as the nonce is. Nonces are sealed times:
// every pod of the realm knows them, and none remembers one.
package dpop

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Service checks proofs. Every field is required.
type Service struct {
	auth.Realm
	Sealer auth.Sealer
	Seen   Seen
}

// Seen remembers the proofs that were shown. It may forget, and others may be able to write
// there: whoever does gains no more than that a proof counts as shown, or as not.
type Seen interface {
	// FirstProof remembers a proof for ttl. Of any number of callers with one proof, first is
	// true for one. Known is false while nobody can say.
	FirstProof(ctx context.Context, proof [sha256.Size]byte, ttl time.Duration) (first, known bool)
}

// Request is one that is to come with a proof.
type Request struct {
	// Proofs are the values of its header DPoP.
	Proofs []string
	// Method and URL are those at which its sender has aimed; what is behind the path of the
	// URL says nothing.
	Method, URL string
	// NonceNeeded is set where the sender can be told a nonce, and must show one.
	NonceNeeded bool
}

// Refusal is why a proof is none.
type Refusal struct {
	// Description is for developers. It quotes nothing of the proof.
	Description string
	// Nonce is set when nothing is wrong but the nonce: the sender tries again with a new
	// one (RFC 9449, section 8).
	Nonce bool
}

func (r *Refusal) Error() string { return "dpop proof: " + r.Description }

func refuse(description string) error { return &Refusal{Description: description} }

// Held is the key that the sender of a request for a token holds. It refuses with a
// *Refusal. A proof that was shown before is refused as far as that is known: what it is
// shown with here, a code or a refresh token, is good once by itself.
func (s *Service) Held(ctx context.Context, r Request) (key string, err error) {
	p, life, err := s.read(r)
	if err != nil {
		return "", err
	}
	if first, known := s.Seen.FirstProof(ctx, p.name(), life); known && !first {
		return "", refuse("The proof was shown before: each request needs one of its own.")
	}
	return p.key, nil
}

// Prove refuses with a *Refusal whoever shows an access token in a request and does not
// hold the key that it is bound to, and with auth.Busy everybody while nobody can say
// whether a proof was shown before: the token and a proof of it are all that a thief needs.
func (s *Service) Prove(ctx context.Context, r Request, access auth.Secret, key string) error {
	p, life, err := s.read(r)
	switch {
	case err != nil && !isNonce(err):
		return err
	case subtle.ConstantTimeCompare([]byte(p.key), []byte(key)) != 1:
		return refuse("The proof is signed with another key than the access token is bound to.")
	case subtle.ConstantTimeCompare([]byte(p.TokenHash), []byte(hashOf(access))) != 1:
		return refuse("ath is not the hash of the access token.")
	case err != nil:
		return err
	}
	switch first, known := s.Seen.FirstProof(ctx, p.name(), life); {
	case !known:
		return &auth.Error{Code: auth.Busy, Reason: auth.ProofsUnknown, RetryAfter: time.Second}
	case !first:
		return refuse("The proof was shown before: each request needs one of its own.")
	}
	return nil
}

func isNonce(err error) bool {
	refusal, ok := err.(*Refusal) //nolint:errorlint // which read has just made
	return ok && refusal.Nonce
}

// hashOf is ath (RFC 9449, section 4.2).
func hashOf(access auth.Secret) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const (
	// clockSkew is how far ahead of ours a client's clock may be, and proofLifetime how old a
	// proof may be, where no nonce says how old it is.
	clockSkew     = 30 * time.Second
	proofLifetime = time.Minute
)

// read is the one proof of a request, and for how long it could be shown again. With a
// refusal that is of the nonce alone, the proof is read all the same.
func (s *Service) read(r Request) (proof, time.Duration, error) {
	p, err := parse(r.Proofs)
	if err != nil {
		return proof{}, 0, err
	}
	if err := p.checkAim(r); err != nil {
		return proof{}, 0, err
	}
	now := s.Now()
	if !r.NonceNeeded {
		return p, p.issuedAt.Add(proofLifetime).Sub(now), p.checkTime(now, proofLifetime, clockSkew)
	}
	// The nonce says how old the proof is: a clock that is minutes off keeps nobody out.
	if err := p.checkTime(now, nonceLifetime, nonceLifetime); err != nil {
		return proof{}, 0, err
	}
	return p, nonceLifetime + clockSkew, s.checkNonce(p.Nonce, now)
}
