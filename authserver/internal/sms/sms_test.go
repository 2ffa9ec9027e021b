// SPDX-License-Identifier: Apache-2.0

package sms

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

func TestTextsFitIntoOneMessage(t *testing.T) {
	t.Parallel()
	w := parseWords()
	for locale, says := range map[string]string{
		"en": "is your code", "de-CH": "ist Ihr Code", "es_MX": "es su código", "FR": "est votre code", "pt": "is your code", "": "is your code",
		"../de": "is your code",
	} {
		text, err := w.text(auth.CodeMessage, "A Realm With A Long Name", notify.Notice{Code: "482913", Locale: locale, Lifetime: 90 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, says) || !strings.HasPrefix(text, "482913 ") || !strings.Contains(text, "2 min") && !strings.Contains(text, "2 Min") {
			t.Errorf("%q reads %q", locale, text)
		}
		if utf8.RuneCountInString(text) > 160 {
			t.Errorf("%q takes more than one message: %q", locale, text)
		}
	}
	if _, err := w.text(auth.NewDeviceMessage, "Example", notify.Notice{}); !permanent(err) {
		t.Errorf("a mail was worded as a text message: %v", err)
	}
}

func permanent(err error) bool {
	var u *notify.DeliveryError
	return errors.As(err, &u) && u.Permanent
}

func TestBadSecretsAreNotQuoted(t *testing.T) {
	t.Parallel()
	for name, secrets := range map[string]string{
		"none": "", "blank": " \n", "not base64": "whsec_!!!secret!!!", "an empty key": "whsec_", "a good and a bad one": "whsec_c2VjcmV0 !secret!",
	} {
		_, err := sign(secrets, "content")
		if err == nil || permanent(err) || strings.Contains(err.Error(), "!") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSign(f *testing.F) {
	for _, seed := range []string{"whsec_c2VjcmV0", "whsec_c2VjcmV0 whsec_b3RoZXI=", "", "\r\n", "whsec_whsec_", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, secrets string) {
		header, err := sign(secrets, "content")
		if err == nil && (strings.ContainsAny(header, "\r\n") || len(strings.Fields(header)) != len(strings.Fields(secrets))) {
			t.Errorf("header is %q", header)
		}
	})
}
