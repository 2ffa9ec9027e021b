// SPDX-License-Identifier: Apache-2.0

package foreign_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/foreign"
)

const secret = "imported secret"

// hashesOfOthers were made of secret by the programs in their names.
func hashesOfOthers() map[string]string {
	return map[string]string{
		"argon2, the reference program":     "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQxMjM0$hQTAfkVv/gDYSIYEydPJdFzI9gG4VZibA1Yb4MDAY3k",
		"argon2 with lanes, passlib":        "$argon2id$v=19$m=64,t=3,p=4$ce79nzOGUEpJCcG4FyKEcA$XCu7a+ocKA0qqSMaParZNg",
		"scrypt, passlib":                   "$scrypt$ln=10,r=8,p=1$uvc+53yPMeacE4KwNiZkLA$srWS8uKlEdSj/vKLuvirj+rc2de/LmpmgjuNmpVKEqo",
		"PBKDF2 with SHA-256, passlib":      "$pbkdf2-sha256$1000$Pecc4xwjBIAwBqC0ltIaow$bn7UqDWYej3n0wT3L1p90K.1iJUh0KBfoPsPgKF6Ons",
		"PBKDF2 with SHA-512, passlib":      "$pbkdf2-sha512$1000$n5NSyhmjdE4JoRQC4DznHA$mzaAipoSMPkYBhY7kYC4st8je36AeBSlDKssjJ5lE178IIBP43k2E4o74R4ZJzszUySqVH/v5qn2GRv28skzdA",
		"PBKDF2 with SHA-256, Django":       "pbkdf2_sha256$1000$SL1lklN3UbkP$/wbbjgkJ68jpdD4/Yr6gR3lWYKjdrGw1BDj+WXFDzMc=",
		"PBKDF2 with SHA-512, Python":       "pbkdf2_sha512$1000$NaCl$hIc0RMSnyHA9cUxCBFGYFf5IrtTuAbfhUJZZzo/jeK19eXf+CON47NJiTlRl0cdxyIA3TlPwpe8W2WB9BBu06Q==",
		"PBKDF2 with named settings":        "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$rBMUxm8xq8EMdUsRS8npNuPmIaxeURmMnwiJF2wWb1k",
		"argon2, settings in another order": "$argon2id$v=19$p=2,keyid=,t=1,data=,m=64$YzI5dFpYTmhiSFE$Ubi3Qxm5JpcirtWP3vqtBlRKPGQ1T95sCWJFjvDolLc",
		"scrypt, settings in another order": "$scrypt$p=1,ln=10,r=8$uvc+53yPMeacE4KwNiZkLA$srWS8uKlEdSj/vKLuvirj+rc2de/LmpmgjuNmpVKEqo",
		"scrypt, Django":                    "scrypt$1024$saltysalt$8$5$rLymVMX7Ay7BTgaUrQFGC+d/jVwW6ajIga/zAjwvxpknApP9TQvFsDIgK1PK+x+B3n7TEle4GK1pI2Jdyor+Mw==",
		"scrypt, Werkzeug":                  "scrypt:1024:8:1$a8jPPyjIO81QpvJb$5a7d00fbef49a0034ab052a1a89b164ff93acc28e4243f49533d00b1c027c91a7c0d5f4f30f918f8232af2c0d7e8c2e8f7f8282d281867e750c4f8618a921826",
		"PBKDF2 with SHA-256, Werkzeug":     "pbkdf2:sha256:1000$Smt3bMljR1cuENJi$8cade904e4f48a57886c0528a1f853fc6b35a40c13273cd162642442548aa77e",
		"PBKDF2 with SHA-512, Werkzeug":     "pbkdf2:sha512:1000$iOKY1P6LzBkdostI$6fcec124c92a81f3d8bcbe5df08cedf33eb91ebcc9b59eac0837f9c55f97ca6e3a0b0c701e98c17a86e81c96e9e16c873fa7c2b271992db48a4757962acd2036",
		"PBKDF2 with iterations by name":    "$pbkdf2-sha256$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$rBMUxm8xq8EMdUsRS8npNuPmIaxeURmMnwiJF2wWb1k",
	}
}

func TestHashesOfOtherProgramsMatch(t *testing.T) {
	t.Parallel()
	for name, encoded := range hashesOfOthers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := foreign.Parse(encoded)
			if err != nil {
				t.Fatal(err)
			}
			for guess, right := range map[string]bool{secret: true, secret + " ": false, "": false} {
				if h.Matches([]byte(guess)) != right {
					t.Errorf("%q matches: %t, want %t", guess, !right, right)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const salt, sum = "c29tZXNhbHQxMjM0", "hQTAfkVv/gDYSIYEydPJdFzI9gG4VZibA1Yb4MDAY3k"
	cases := map[string]struct {
		encoded string
		want    error
	}{
		"nothing":                      {"", foreign.ErrMalformed},
		"dollars":                      {"$$$$$$", foreign.ErrMalformed},
		"plain text":                   {"secret", foreign.ErrMalformed},
		"an unknown kind":              {"$md4$1000$" + salt + "$" + sum, foreign.ErrMalformed},
		"bcrypt":                       {"$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", foreign.ErrMalformed},
		"a setting that is unknown":    {"$argon2id$v=19$m=64,t=1,x=1$" + salt + "$" + sum, foreign.ErrMalformed},
		"a setting too many":           {"$argon2id$v=19$m=64,t=1,p=1,p=1$" + salt + "$" + sum, foreign.ErrMalformed},
		"a setting too few":            {"$argon2id$v=19$m=64,t=1$" + salt + "$" + sum, foreign.ErrMalformed},
		"an unknown version":           {"$argon2id$v=20$m=64,t=1,p=1$" + salt + "$" + sum, foreign.ErrMalformed},
		"a control character":          {"pbkdf2_sha256$1000$sa\x00lt$" + sum + "=", foreign.ErrMalformed},
		"a salt beyond ASCII":          {"pbkdf2_sha256$1000$s\u00e4lt$" + sum + "=", foreign.ErrMalformed},
		"Django's scrypt, cut":         {"scrypt$1024$saltysalt$8$" + sum + "=", foreign.ErrMalformed},
		"no power of two":              {"scrypt$1000$saltysalt$8$1$" + sum + "=", foreign.ErrMalformed},
		"one block":                    {"scrypt$1$saltysalt$8$1$" + sum + "=", foreign.ErrMalformed},
		"scrypt: blocks without end":   {"scrypt$1073741824$saltysalt$8$1$" + sum + "=", foreign.ErrTooCostly},
		"scrypt: lanes, Werkzeug":      {"scrypt:32768:8:17$saltysalt$" + strings.Repeat("0a", 64), foreign.ErrTooCostly},
		"Werkzeug, another digest":     {"pbkdf2:md5:1000$saltysalt$" + strings.Repeat("0a", 16), foreign.ErrMalformed},
		"Werkzeug, no hex":             {"pbkdf2:sha256:1000$saltysalt$" + sum, foreign.ErrMalformed},
		"Werkzeug, without settings":   {"pbkdf2:$saltysalt$" + strings.Repeat("0a", 16), foreign.ErrMalformed},
		"PBKDF2: Werkzeug's":           {"pbkdf2:sha256:99999999$saltysalt$" + strings.Repeat("0a", 32), foreign.ErrTooCostly},
		"a setting twice":              {"$argon2id$v=19$m=64,m=64,p=1$" + salt + "$" + sum, foreign.ErrMalformed},
		"no lanes":                     {"$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + sum, foreign.ErrMalformed},
		"less memory than lanes need":  {"$argon2id$v=19$m=8,t=1,p=2$" + salt + "$" + sum, foreign.ErrMalformed},
		"a negative number":            {"$argon2id$v=19$m=-64,t=1,p=1$" + salt + "$" + sum, foreign.ErrMalformed},
		"a number with a sign":         {"$scrypt$ln=+4,r=8,p=1$" + salt + "$" + sum, foreign.ErrMalformed},
		"a number in hexadecimal":      {"pbkdf2_sha256$0x10$salt$" + sum + "=", foreign.ErrMalformed},
		"a leading zero":               {"pbkdf2_sha256$01000$salt$" + sum + "=", foreign.ErrMalformed},
		"a line break in the sum":      {"$scrypt$ln=4,r=8,p=1$" + salt + "$" + sum[:8] + "\n" + sum[8:], foreign.ErrMalformed},
		"padding":                      {"$scrypt$ln=4,r=8,p=1$" + salt + "$" + sum + "=", foreign.ErrMalformed},
		"no padding where it belongs":  {"pbkdf2_sha256$1000$salt$" + sum, foreign.ErrMalformed},
		"no salt":                      {"$scrypt$ln=4,r=8,p=1$$" + sum, foreign.ErrMalformed},
		"a short sum":                  {"$scrypt$ln=4,r=8,p=1$" + salt + "$" + sum[:16], foreign.ErrMalformed},
		"no sum":                       {"$scrypt$ln=4,r=8,p=1$" + salt + "$", foreign.ErrMalformed},
		"another length than stated":   {"$pbkdf2-sha256$i=1000,l=31$" + salt + "$" + sum, foreign.ErrMalformed},
		"more fields":                  {"$scrypt$ln=4,r=8,p=1$" + salt + "$" + sum + "$", foreign.ErrMalformed},
		"a long text":                  {"$scrypt$ln=4,r=8,p=1$" + salt + "$" + strings.Repeat("A", 1<<20), foreign.ErrMalformed},
		"argon2: memory":               {"$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + sum, foreign.ErrTooCostly},
		"argon2: passes":               {"$argon2id$v=19$m=131072,t=5,p=1$" + salt + "$" + sum, foreign.ErrTooCostly},
		"argon2: passes without end":   {"$argon2id$v=19$m=8,t=4294967295,p=1$" + salt + "$" + sum, foreign.ErrTooCostly},
		"argon2: threads":              {"$argon2id$v=19$m=4096,t=1,p=255$" + salt + "$" + sum, foreign.ErrTooCostly},
		"argon2: beyond any number":    {"$argon2id$v=19$m=64,t=99999999999999999999,p=1$" + salt + "$" + sum, foreign.ErrTooCostly},
		"scrypt: memory":               {"$scrypt$ln=20,r=8,p=1$" + salt + "$" + sum, foreign.ErrTooCostly},
		"scrypt: a shift out of range": {"$scrypt$ln=64,r=8,p=1$" + salt + "$" + sum, foreign.ErrTooCostly},
		"scrypt: the block":            {"$scrypt$ln=1,r=1073741823,p=1$" + salt + "$" + sum, foreign.ErrTooCostly},
		"scrypt: lanes":                {"$scrypt$ln=17,r=8,p=3$" + salt + "$" + sum, foreign.ErrTooCostly},
		"PBKDF2: iterations":           {"$pbkdf2-sha256$10000000$" + salt + "$" + sum, foreign.ErrTooCostly},
		"PBKDF2: a long sum":           {"$pbkdf2-sha256$2000000$" + salt + "$" + strings.Repeat("A", 64), foreign.ErrTooCostly},
		"PBKDF2: beyond any number":    {"pbkdf2_sha512$99999999999999999999$salt$" + sum + "=", foreign.ErrTooCostly},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := foreign.Parse(c.encoded); !errors.Is(err, c.want) {
				t.Errorf("said %v, want %v", err, c.want)
			}
		})
	}
}

// TestWhatCarefulProgramsAskForIsTaken: settings that guides recommend.
func TestWhatCarefulProgramsAskForIsTaken(t *testing.T) {
	t.Parallel()
	const salt, sum = "c29tZXNhbHQxMjM0", "hQTAfkVv/gDYSIYEydPJdFzI9gG4VZibA1Yb4MDAY3k"
	for _, settings := range []string{
		"$argon2id$v=19$m=47104,t=1,p=1$", "$argon2id$v=19$m=65536,t=3,p=4$", "$argon2id$v=19$m=65536,t=4,p=1$",
		"$scrypt$ln=17,r=8,p=1$", "$scrypt$ln=16,r=8,p=2$", "$scrypt$ln=14,r=8,p=5$",
		"$pbkdf2-sha256$600000$", "$pbkdf2-sha512$210000$", "$pbkdf2-sha256$1200000$",
	} {
		if _, err := foreign.Parse(settings + salt + "$" + sum); err != nil {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, encoded := range hashesOfOthers() {
		f.Add(encoded)
	}
	f.Add("$scrypt$ln=63,r=8,p=1$AAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, encoded string) {
		h, err := foreign.Parse(encoded)
		switch {
		case err != nil && !errors.Is(err, foreign.ErrMalformed) && !errors.Is(err, foreign.ErrTooCostly) && !errors.As(err, new(foreign.UnsupportedError)):
			t.Errorf("%q: %v", encoded, err)
		case err == nil && (h.Work() < 0 || h.Work() > time.Second):
			t.Errorf("%q takes %s", encoded, h.Work())
		case err == nil && h.Work() < time.Millisecond && h.Matches([]byte(encoded)):
			t.Errorf("%q matches itself", encoded)
		}
	})
}

// BenchmarkMatches is what Work reckons with.
func BenchmarkMatches(b *testing.B) {
	for _, settings := range []string{
		"$argon2id$v=19$m=65536,t=3,p=4$", "$scrypt$ln=16,r=8,p=1$", "$pbkdf2-sha256$600000$", "$pbkdf2-sha512$210000$",
	} {
		h, err := foreign.Parse(settings + "c29tZXNhbHQxMjM0$hQTAfkVv/gDYSIYEydPJdFzI9gG4VZibA1Yb4MDAY3k")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(strings.Trim(settings, "$"), func(b *testing.B) {
			for b.Loop() {
				h.Matches([]byte(secret))
			}
			b.ReportMetric(h.Work().Seconds()*1000, "reckoned-ms")
		})
	}
}
