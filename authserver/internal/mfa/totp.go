// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"encoding/base32"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
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

func newTOTPSecret(random io.Reader) ([]byte, error) {
	secret := make([]byte, totpSecretBytes)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("make shared secret: %w", err)
	}
	return secret, nil
}

// base32Of is how a person types a shared secret, and how apps read it.
func base32Of(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// totpURL is the address by which an app learns a secret. The label is the
// realm's name, the account the user's. Some apps take a plus sign for itself,
// and not for a space.
func totpURL(label, account string, secret []byte) auth.Secret {
	label = strings.ReplaceAll(label, ":", "") // a colon stands between label and account
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return auth.Secret(fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d",
		escape(label), escape(account), base32Of(secret), escape(label),
		appCodes.Algorithm, appCodes.Digits, int(totpPeriod/time.Second)))
}

// totpStep is the time step whose code this is, of those that a clock may show
// at now. A step up to last was used already and does not count.
func totpStep(secret []byte, code string, last int64, now time.Time) (int64, bool, error) {
	shared := base32Of(secret)
	present := now.Unix() / int64(totpPeriod/time.Second)
	for step := present - totpSkew; step <= present+totpSkew; step++ {
		if step <= last {
			continue
		}
		right, err := hotp.ValidateCustom(code, uint64(step), shared, appCodes) //nolint:gosec // no time before 1970
		if err != nil {
			return 0, false, fmt.Errorf("check code: %w", err)
		}
		if right {
			return step, true, nil
		}
	}
	return 0, false, nil
}
