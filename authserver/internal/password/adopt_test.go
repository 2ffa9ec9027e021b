// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/foreign"
)

// exported were made of foreignSecret by the programs in their names.
func exported() map[string]string {
	return map[string]string{
		"bcrypt, PHP":                    "$2y$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm",
		"bcrypt, Python":                 "$2b$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm",
		"bcrypt, with white space":       " $2a$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm\r\n",
		"bcrypt, Spring":                 "{bcrypt}$2a$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm",
		"bcrypt, LDAP":                   "{CRYPT}$2y$04$pNjcqBxt/GENkeRi5Bh8w.2UndM8VdI1fZDKAoJlqQBHcIgNCJSWm",
		"bcrypt, Django":                 "bcrypt$$2b$04$094fDpEcRch8.GFcV3eXjeyELz0Wc9JyHfRrqhr1g69zG1JlUQ.dq",
		"bcrypt with SHA-256, Django":    "bcrypt_sha256$$2b$04$grvrSHUjY/hPGol0jgDHNOdkqBidw2uaiFx.BqP9yHj3k6KY/qX66",
		"bcrypt with SHA-256, passlib":   "$bcrypt-sha256$v=2,t=2b,r=4$d2ksHht95v..pygTIzFOIu$kgIKsZC.pUMjhs.5ypEFHJiAvLAxqXG",
		"bcrypt with SHA-256, passlib 1": "$bcrypt-sha256$2b,4$yJauh3OuZp3TDvH/kQHf5.$gjyaq1gdncolHUwLOo6gi2yxINU8NNW",
		"bcrypt with SHA-384, WordPress": "$wp$2y$04$waCJxhLJx0WzuZdBdUWmOuBQDYSkp4UyOeWYFWk7yY2azYF11770q",
		"Argon2id, Django":               "argon2$argon2id$v=19$m=64,t=1,p=2$YzI5dFpYTmhiSFE$Ubi3Qxm5JpcirtWP3vqtBlRKPGQ1T95sCWJFjvDolLc",
		"Argon2id, OpenLDAP":             "{ARGON2}$argon2id$v=19$m=64,t=3,p=4$ce79nzOGUEpJCcG4FyKEcA$XCu7a+ocKA0qqSMaParZNg",
		"Argon2id, Spring":               "{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=64,t=3,p=4$ce79nzOGUEpJCcG4FyKEcA$XCu7a+ocKA0qqSMaParZNg",
		"scrypt, Django":                 "scrypt$1024$saltysalt$8$5$rLymVMX7Ay7BTgaUrQFGC+d/jVwW6ajIga/zAjwvxpknApP9TQvFsDIgK1PK+x+B3n7TEle4GK1pI2Jdyor+Mw==",
		"scrypt, Spring":                 "{scrypt}$a0801$MDEyMzQ1Njc4OWFiY2RlZg==$LotR5hBsHB9CxUCO58rq+Vu7mK839QrUQDCOZzmmEOI=",
		"scrypt, Lambdaworks":            "$s0$a0801$MDEyMzQ1Njc4OWFiY2RlZg==$LotR5hBsHB9CxUCO58rq+Vu7mK839QrUQDCOZzmmEOI=",
		"PBKDF2 with SHA-256, Django":    "pbkdf2_sha256$1000$saltysalt$sYIWqd/mkjgX2u/ZuJeUT5JcibDYBZDRpXEUpxGVFsY=",
		"PBKDF2 with SHA-256, LDAP":      "{PBKDF2-SHA256}1000$L4UwZuxdqxVCCMHYW2stJQ$/17PK.2XxOsnD.MpoXwIxiGs.NP3Fbh/XUIphJ8tlUA",
		"PBKDF2 with SHA-512, LDAP":      "{PBKDF2-SHA512}1000$EqJUao0xRsi59957rxUCgA$v5GSb4ifg2ELpVZO8byEM9hqU5oVhlyYaIiA1PnLFlvcXw0z8dOlORSB1y01BJ1xkarmRuyVmxrEJ8/t3j60EA",
		"PBKDF2 with SHA-512, ASP.NET":   "AQAAAAIAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWYIDR/W+mMi/0HwEOc+LztK2QVlU3ogeJxZoLmgWXYu8Q==",
		"PBKDF2 with SHA-256, Werkzeug":  "pbkdf2:sha256:1000$Smt3bMljR1cuENJi$8cade904e4f48a57886c0528a1f853fc6b35a40c13273cd162642442548aa77e",
	}
}

func TestAdoptedHashesAreVerified(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	for name, hash := range exported() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored, err := password.Adopt(hash)
			if err != nil {
				t.Fatal(err)
			}
			for guess, right := range map[string]bool{foreignSecret: true, "Imported secret": false, "": false} {
				if got, err := e.Verify(t.Context(), "", stored, guess); err != nil || got != right {
					t.Errorf("verified %q: %t, %v", guess, got, err)
				}
			}
			if again, err := password.Adopt(stored); again != stored || err != nil {
				t.Errorf("adopted again it is %q, %v", again, err)
			}
			if strings.HasPrefix(stored, "$2a$") || strings.HasPrefix(stored, "$2b$") {
				t.Error("nobody can tell it from a hash of ours")
			}
		})
	}
}

// What other systems have made of a password of 116 bytes.
func TestAdoptedHashesOfLongPasswords(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	long := strings.Repeat("correct horse battery staple, ", 4)[:116]
	for name, c := range map[string]struct {
		hash string
		cut  bool // the other system reads 72 bytes
	}{
		"PHP":           {"$2y$04$GqDI3KwKdoe/YJDtOkQTt.lVEynD.Toy6J826EecSrW8Zk1Rn0FF2", true},
		"Python":        {"$2b$04$GqDI3KwKdoe/YJDtOkQTt.lVEynD.Toy6J826EecSrW8Zk1Rn0FF2", true},
		"passlib":       {"$bcrypt-sha256$v=2,t=2b,r=4$vzKnqSKfEs9UUXHRAwG4a.$CPQ91HfxnZBUEOlT1gCGEhIurbodcKe", false},
		"Django":        {"bcrypt_sha256$$2b$04$/pDQnYHzZNIL0tzkF9JuBeCO4550Y9GviNUElJQw1euOzOL7lxH3.", false},
		"WordPress 6.8": {"$wp$2y$04$tU9SV9nUHPO/VbO5p9wtrOh3pf4sp1hvpSCNuJpG2fQCar8ciPbOa", false},
	} {
		stored, err := password.Adopt(c.hash)
		if err != nil {
			t.Fatal(name, err)
		}
		for guess, right := range map[string]bool{long: true, long + "x": c.cut, long[:password.MaxLength]: c.cut, long[:password.MaxLength-1]: false} {
			if got, err := e.Verify(t.Context(), "", stored, guess); err != nil || got != right {
				t.Errorf("%s: verified %d bytes: %t, %v", name, len(guess), got, err)
			}
		}
	}
}

func TestHashesThatAreNotTakenAreNamed(t *testing.T) {
	t.Parallel()
	const b64 = "c29tZXNhbHQxMjM0"
	for hash, kind := range map[string]string{
		"$1$salt$qJH7.N4xYta3aEG/dfqo/0":                                                       "MD5-crypt",
		"$apr1$salt$Xxd1irWT9ycqoYxGFn4cb.":                                                    "Apache's MD5-crypt",
		"$5$rounds=5000$salt$abc":                                                              "SHA-256-crypt",
		"$6$salt$abc":                                                                          "SHA-512-crypt",
		"{CRYPT}$6$salt$abc":                                                                   "SHA-512-crypt",
		"$y$j9T$salt$abc":                                                                      "yescrypt",
		"$2x$04$pNjcqBxt/GENkeRi5Bh8w.":                                                        "bcrypt of a faulty program",
		"$2$04$pNjcqBxt/GENkeRi5Bh8w.":                                                         "the first revision of bcrypt",
		"$P$BQhUj5lC3bKMkz6aD6OHRkGmSJxXyL1":                                                   "phpass, as WordPress before 6.8 has it",
		"$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0":                                                   "phpass, as phpBB has it",
		"$S$DxVn7wrSRzoibQC6pTgREkMaYIBkoeRvm":                                                 "Drupal's SHA-512",
		"$argon2i$v=19$m=64,t=1,p=1$" + b64 + "$" + b64 + b64:                                  "Argon2i, not Argon2id",
		"argon2$argon2i$v=19$m=64,t=1,p=1$" + b64 + "$" + b64 + b64:                            "Argon2i, not Argon2id",
		"$argon2id$m=64,t=1,p=1$" + b64 + "$" + b64 + b64:                                      "Argon2id of version 16, not 19",
		"$argon2id$v=16$m=64,t=1,p=1$" + b64 + "$" + b64 + b64:                                 "Argon2id of version 16, not 19",
		"$argon2id$v=19$m=64,t=1,p=1,keyid=Hj5+$" + b64 + "$" + b64:                            "Argon2id with a secret key or other data (keyid, data)",
		"$argon2id$v=19$m=64,t=1,p=1,data=c2Vj$" + b64 + "$" + b64:                             "Argon2id with a secret key or other data (keyid, data)",
		"$pbkdf2$131000$" + b64 + "$" + b64:                                                    "PBKDF2 with SHA-1",
		"pbkdf2_sha1$1000$saltysalt$" + b64:                                                    "PBKDF2 with SHA-1",
		"sha1$salt$0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33":                                   "SHA-1",
		"{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTBzYWx0":                                               "salted SHA",
		"{ssha512}MTIzNDU2Nzg5MDEyMzQ1Njc4OTBzYWx0":                                            "salted SHA",
		"{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=":                                                    "SHA",
		"{noop}sesame":                                                                         "a password and no hash",
		"{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3":                          "PBKDF2 that does not say its iterations",
		`{"value":"abc","salt":"def"}`:                                                         "JSON, as Keycloak keeps it, and has to be written as one text",
		"{vault}abc":                                                                           "in a scheme that nobody knows here",
		"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=abc$def$ghi":                                    "Firebase's scrypt, which takes its project's secret key",
		"5f4dcc3b5aa765d61d8327deb882cf99":                                                     "MD5 or NTLM",
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8":                                             "SHA-1",
		"AQAAAAAAAAPoAAAAEDAxMjM0NTY3ODlhYmNkZWYIDR/W+mMi/0HwEOc+LztK2QVlU3ogeJxZoLmgWXYu8Q==": "PBKDF2 with SHA-1",
	} {
		_, err := password.Adopt(hash)
		if named := (foreign.UnsupportedError{}); !errors.As(err, &named) || named.Kind != kind {
			t.Errorf("%s: said %v, want %s", hash, err, kind)
		}
	}
}

func FuzzAdopt(f *testing.F) {
	for _, hash := range exported() {
		f.Add(hash)
	}
	for _, hash := range []string{"{bcrypt}", "{", "{}", "bcrypt$$2b$31$", "$bcrypt-sha256$v=2,t=2b,r=99$$", "$s0$ffffffff$a$b", "AQ==", "$wp$2y$"} {
		f.Add(hash)
	}
	f.Fuzz(func(t *testing.T, hash string) {
		stored, err := password.Adopt(hash)
		switch {
		case err != nil && !errors.Is(err, foreign.ErrMalformed) && !errors.Is(err, foreign.ErrTooCostly) &&
			!errors.Is(err, bcrypt.ErrMalformed) && !errors.As(err, new(foreign.UnsupportedError)):
			t.Errorf("%q: %v", hash, err)
		case err != nil:
			return
		}
		if again, err := password.Adopt(stored); again != stored || err != nil {
			t.Errorf("%q is %q, and that %q, %v", hash, stored, again, err)
		}
		if strings.ContainsFunc(stored, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is stored as %q", hash, stored)
		}
	})
}
