// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	backupCodes = 10
	// backupCodeBytes of randomness, 80 bits, are beyond trying every one of
	// them: a plain hash keeps a code as safe as a slow or keyed one would.
	backupCodeBytes = 10
	// backupCodeGroup is how many characters stand together.
	backupCodeGroup = 4
)

// backupAlphabet leaves out what is mistaken for something else: i, l, o and u.
const backupAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

func backupEncoding() *base32.Encoding {
	return base32.NewEncoding(backupAlphabet).WithPadding(base32.NoPadding)
}

// NewBackupCodes makes codes as they are shown, such as 4q7h-z0kd-9xw2-m5ta, and
// the hashes that are kept.
func NewBackupCodes(random io.Reader) ([]auth.Secret, []auth.TokenHash, error) {
	codes, hashes := []auth.Secret{}, []auth.TokenHash{}
	for range backupCodes {
		b := make([]byte, backupCodeBytes)
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, nil, fmt.Errorf("make backup code: %w", err)
		}
		plain := backupEncoding().EncodeToString(b)
		groups := []string{}
		for at := 0; at < len(plain); at += backupCodeGroup {
			groups = append(groups, plain[at:at+backupCodeGroup])
		}
		codes = append(codes, auth.Secret(strings.Join(groups, "-")))
		hashes = append(hashes, auth.HashOf(auth.Secret(plain)))
	}
	return codes, hashes, nil
}
