// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"crypto/rand"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestParseCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]Code{
		"123456":              {digits: "123456"},
		"000000":              {digits: "000000"},
		" 123 456 ":           {digits: "123456"},
		"123-456":             {digits: "123456"},
		"123456\n":            {digits: "123456"},
		"123\u00a0456\r\n":    {digits: "123456"},
		"123\u2013456":        {digits: "123456"},
		"\u200e123456\ufeff":  {digits: "123456"},
		"１２３４５６":              {digits: "123456"},
		"٠١٢٣٤٥":              {digits: "012345"},
		"12345":               {},
		"1234567":             {},
		"12345a":              {},
		"12345\n":             {},
		"4q7h-z0kd-9xw2-m5ta": {backup: "4q7hz0kd9xw2m5ta"},
		"4Q7H Z0KD 9XW2 M5TA": {backup: "4q7hz0kd9xw2m5ta"},
		"4q7h\u2011z0kd\u20119xw2\u2011m5ta\u00a0": {backup: "4q7hz0kd9xw2m5ta"},
		"４Ｑ７Ｈ－Ｚ０ＫＤ－９ＸＷ２－Ｍ５ＴＡ":                      {backup: "4q7hz0kd9xw2m5ta"},
		"4q7hzokd9xw2m5ta":    {backup: "4q7hz0kd9xw2m5ta"},
		"iIlL-0000-0000-0000": {backup: "1111000000000000"},
		"0000000000000000":    {backup: "0000000000000000"},
		"4q7h-z0kd-9xw2-m5t":  {},
		"4q7h-z0kd-9xw2-m5tu": {},
		"4q7h_z0kd_9xw2_m5ta": {},
		"":                    {},
		"\xff\xff\xff":        {},
	} {
		got, err := ParseCode(auth.Secret(typed), "")
		if got != want || errors.Is(err, auth.Refuse(auth.InvalidRequest)) != (want == Code{}) {
			t.Errorf("%q is read as %+v, %v; want %+v", typed, got, err, want)
		}
	}
}

func TestACodeOfAnotherMethodIsNone(t *testing.T) {
	t.Parallel()
	const digits, backup = "123456", "4q7h-z0kd-9xw2-m5ta"
	for method, want := range map[auth.Method][2]bool{
		"": {true, true}, auth.TOTPMethod: {true, false}, auth.SMSMethod: {true, false}, auth.BackupCodeMethod: {false, true},
	} {
		for i, typed := range []auth.Secret{digits, backup} {
			if _, err := ParseCode(typed, method); (err == nil) != want[i] {
				t.Errorf("%s, %q: %v", method, string(typed), err)
			}
		}
	}
}

func TestBackupCodesAreReadAsTheyAreHashed(t *testing.T) {
	t.Parallel()
	codes, hashes, err := NewBackupCodes(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[auth.Secret]bool{}
	for i, c := range codes {
		read, err := ParseCode(c, "")
		if err != nil || auth.HashOf(auth.Secret(read.backup)) != hashes[i] || seen[c] {
			t.Errorf("code %d is not read as what it is", i)
		}
		seen[c] = true
	}
}

func FuzzParseCode(f *testing.F) {
	for _, seed := range []string{"123456", "123 456", "4q7h-z0kd-9xw2-m5ta", "OIL0-OIL0-OIL0-OIL0", "", "\xff", "１２３４５６"} {
		f.Add(seed)
	}
	digits, backup := regexp.MustCompile(`^[0-9]{6}$`), regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{16}$`)
	f.Fuzz(func(t *testing.T, typed string) {
		c, err := ParseCode(auth.Secret(typed), "")
		if err != nil && c == (Code{}) {
			return
		}
		if c.digits != "" && (c.backup != "" || !digits.MatchString(c.digits)) || c.backup != "" && !backup.MatchString(c.backup) {
			t.Errorf("%q is read as %+v", typed, c)
		}
		if again, err := ParseCode(auth.Secret(c.digits+c.backup), ""); again != c || err != nil {
			t.Errorf("%q is read as %+v, and that as %+v", typed, c, again)
		}
	})
}

func TestParsePhone(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"+4930901820":                         "+4930901820",
		"+49 (30) 90-18.20":                   "+4930901820",
		"+1 202/555-0123":                     "+12025550123",
		"+123456789012345":                    "+123456789012345",
		"+1234567890123456":                   "",
		"+123456":                             "",
		"+0301234567":                         "",
		"004930901820":                        "",
		"4930901820":                          "",
		"++4930901820":                        "",
		"+49+30901820":                        "",
		"+４９３０９０１８２０":                         "+4930901820",
		"+4930901820\n":                       "+4930901820",
		"+49\u00a030\u202f90\u201118\u201020": "+4930901820",
		"\u202a+49 30 901820\u202c":           "+4930901820", // as contacts are copied from telephones
		"+":                                   "",
		"":                                    "",
	} {
		if got, valid := ParsePhone(typed); got != want || valid != (want != "") {
			t.Errorf("%q is read as %q, %t", typed, got, valid)
		}
	}
}

func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{"+4930901820", "+49 (30) 90-18.20", "+0", "", "+\xff", "+٤٩٣٠٩٠١٨٢٠"} {
		f.Add(seed)
	}
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	f.Fuzz(func(t *testing.T, typed string) {
		number, valid := ParsePhone(typed)
		if valid != e164.MatchString(number) {
			t.Errorf("%q is read as %q, %t", typed, number, valid)
		}
		if again, _ := ParsePhone(number); again != number {
			t.Errorf("%q is read as %q, and that as %q", typed, number, again)
		}
	})
}

// The vectors of RFC 6238, appendix B, of which six digits are kept.
func TestCodesOfTheStandard(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		now := time.Unix(at, 0)
		step, right, err := totpStep(secret, code, 0, now)
		if err != nil || !right || step != at/30 {
			t.Errorf("at %d: step %d, %t, %v", at, step, right, err)
		}
		if _, right, _ := totpStep(secret, code, at/30, now); right {
			t.Errorf("at %d: a used step is right", at)
		}
		if _, right, _ := totpStep(secret, code, 0, now.Add(time.Hour)); right {
			t.Errorf("at %d: right an hour later", at)
		}
	}
}

func TestAppsReadWhoseSecretItIs(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for label, shown := range map[string]string{
		"Example": "Example", "Acme & Söhne": "Acme & Söhne", "Acme: Prod": "Acme Prod", "a+b=c?d#e/f%20": "a+b=c?d#e/f%20", `"><script>`: `"><script>`,
	} {
		address, err := url.Parse(string(totpURL(label, "a+b&c=d@example.com", secret)))
		if err != nil {
			t.Fatal(err)
		}
		q := address.Query()
		if address.Scheme != "otpauth" || address.Host != "totp" || address.Path != "/"+shown+":a+b&c=d@example.com" ||
			q.Get("issuer") != shown || q.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" ||
			q.Get("algorithm") != "SHA1" || q.Get("digits") != "6" || q.Get("period") != "30" || len(q) != 5 {
			t.Errorf("%q: the address is %s", label, address)
		}
		if strings.Contains(address.RawQuery, "+") || strings.Contains(address.EscapedPath(), "+") {
			t.Errorf("%q: some apps will read the plus signs of %s", label, address)
		}
	}
}
