// SPDX-License-Identifier: Apache-2.0

package mailcode

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// MaxHandleLength is that of the longest handle, in bytes.
const MaxHandleLength = 1024

const (
	handlePrefix = "rkm_"
	// sealedHandle is the purpose under which handles are sealed.
	sealedHandle = "mailed code handle"
)

// handle is what a handle says, sealed, to the realm alone. So a guess can be counted by its
// address where there is no account, and no code either.
type handle struct {
	Email string    `json:"email"`
	Until time.Time `json:"until"`
}

// seal makes a handle that is unique and that nobody else can make.
func (s *Service) seal(h handle) (auth.Secret, error) {
	document, err := json.Marshal(h)
	if err != nil {
		return "", fmt.Errorf("encode handle: %w", err)
	}
	sealed, err := s.Sealer.Seal(sealedHandle, "", document)
	if err != nil {
		return "", err
	}
	return auth.Secret(handlePrefix + base64.RawURLEncoding.EncodeToString(sealed)), nil
}

// open reads a handle. It refuses with ChallengeInvalid what is none, or whose code has
// expired.
func (s *Service) open(text auth.Secret) (handle, error) {
	body, found := strings.CutPrefix(string(text), handlePrefix)
	if !found || len(text) > MaxHandleLength || strings.ContainsAny(body, "\r\n") {
		return handle{}, auth.Refuse(auth.ChallengeInvalid) // the decoder would overlook line breaks
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return handle{}, auth.Refuse(auth.ChallengeInvalid)
	}
	document, err := s.Sealer.Open(sealedHandle, "", sealed)
	if err != nil {
		return handle{}, auth.Refuse(auth.ChallengeInvalid)
	}
	h := handle{}
	if err := json.Unmarshal(document, &h); err != nil {
		return handle{}, fmt.Errorf("decode handle: %w", err)
	}
	if !s.Now().Before(h.Until) {
		return handle{}, auth.Refuse(auth.ChallengeInvalid)
	}
	return h, nil
}

// Asked is the address that a handle's code was asked for. It refuses with ChallengeInvalid
// what is no handle, or one whose code has expired; of a code that was used, or that nobody was
// sent, it knows nothing.
func (s *Service) Asked(text auth.Secret) (email string, err error) {
	h, err := s.open(text)
	return h.Email, err
}
