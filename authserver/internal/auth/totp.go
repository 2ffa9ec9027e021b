// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// What every authenticator app understands (RFC 6238).
const (
	totpPeriod = 30 * time.Second
	// totpSkew is how many steps a clock may be off, either way.
	totpSkew = 1
	// totpSecretBytes is the length RFC 4226, section 4, recommends.
	totpSecretBytes = 20
)

var appCodes = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// totpKey is a new shared secret, in base32, and the otpauth:// URL by which an
// app learns it. The label is the realm's name, the account the user's.
func totpKey(random io.Reader, label, account string) (secret, url Secret, err error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer:      strings.ReplaceAll(label, ":", " "), // a colon ends the label
		AccountName: account, SecretSize: totpSecretBytes, Rand: random,
		Period: uint(totpPeriod / time.Second), Digits: appCodes.Digits, Algorithm: appCodes.Algorithm,
	})
	if err != nil {
		return "", "", fmt.Errorf("make shared secret: %w", err)
	}
	return Secret(key.Secret()), Secret(key.URL()), nil
}

// totpStep is the time step whose code this is, of those that a clock may show
// at now. A step up to last was used already and does not count.
func totpStep(secret []byte, code string, last int64, now time.Time) (int64, bool, error) {
	shared := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	present := now.Unix() / int64(totpPeriod/time.Second)
	for step := present - totpSkew; step <= present+totpSkew; step++ {
		if step <= last {
			continue
		}
		right, err := hotp.ValidateCustom(code, uint64(step), shared, appCodes)
		if err != nil {
			return 0, false, fmt.Errorf("check code: %w", err)
		}
		if right {
			return step, true, nil
		}
	}
	return 0, false, nil
}
