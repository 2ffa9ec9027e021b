// SPDX-License-Identifier: Apache-2.0

package dpop

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

const (
	// nonceLifetime is how long a nonce is good.
	nonceLifetime = 5 * time.Minute
	// maxNonce is far beyond what NewNonce makes, in bytes.
	maxNonce = 256
	// sealedNonce is the purpose under which nonces are sealed.
	sealedNonce = "dpop nonce"
)

// NewNonce is one for the next proof (RFC 9449, section 8): the time, sealed. Every pod can
// open it, also while the realm's encryption key is being replaced.
func (s *Service) NewNonce() (string, error) {
	now := binary.BigEndian.AppendUint64(nil, uint64(s.Now().Unix())) //nolint:gosec // which is later than 1970
	sealed, err := s.Sealer.Seal(sealedNonce, "", now)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// checkNonce refuses what NewNonce has not made within nonceLifetime. The clock of the pod
// that made it may be ahead of ours.
func (s *Service) checkNonce(nonce string, now time.Time) error {
	if nonce == "" {
		return &Refusal{Description: "The proof needs the nonce of the header DPoP-Nonce.", Nonce: true}
	}
	made, ok := s.nonceMade(nonce)
	if !ok || now.Sub(made) >= nonceLifetime || made.Sub(now) > clockSkew {
		return &Refusal{Description: "The nonce is good no longer: the proof needs that of the header DPoP-Nonce.", Nonce: true}
	}
	return nil
}

func (s *Service) nonceMade(nonce string) (time.Time, bool) {
	if len(nonce) > maxNonce {
		return time.Time{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil {
		return time.Time{}, false
	}
	at, err := s.Sealer.Open(sealedNonce, "", sealed)
	if err != nil || len(at) != 8 {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(at)), 0), true //nolint:gosec // which we have written
}
