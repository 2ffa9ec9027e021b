// SPDX-License-Identifier: Apache-2.0

package foreign

import "strings"

// UnsupportedError says of a hash that nobody can check it here, and what it is. Its
// user has to be invited to set a password.
type UnsupportedError struct{ Kind string }

func (e UnsupportedError) Error() string {
	return "it is " + e.Kind + "; leave the line out and invite its user"
}

// kindsByPrefix are hashes that other programs export and that are not taken: their
// sums are made too quickly to keep a password, or of something that the hash does not
// say. Schemes in braces (RFC 2307) are compared without regard to case.
var kindsByPrefix = []struct{ prefix, kind string }{
	{"$1$", "MD5-crypt"}, {"$apr1$", "Apache's MD5-crypt"}, {"$md5", "Sun's MD5-crypt"}, {"$sha1$", "SHA-1-crypt"},
	{"$5$", "SHA-256-crypt"}, {"$6$", "SHA-512-crypt"}, {"$y$", "yescrypt"}, {"$gy$", "yescrypt"}, {"$7$", "scrypt in the form of crypt(3)"},
	{"$2$", "the first revision of bcrypt"}, {"$2x$", "bcrypt of a faulty program"},
	{"$P$", "phpass, as WordPress before 6.8 has it"}, {"$H$", "phpass, as phpBB has it"}, {"$S$", "Drupal's SHA-512"},
	{"$argon2i$", "Argon2i, not Argon2id"}, {"$argon2d$", "Argon2d, not Argon2id"},
	{"$pbkdf2$", "PBKDF2 with SHA-1"}, {"$pbkdf2-sha1$", "PBKDF2 with SHA-1"}, {"pbkdf2_sha1$", "PBKDF2 with SHA-1"},
	{"pbkdf2:sha1:", "PBKDF2 with SHA-1"}, {"{pbkdf2-sha1}", "PBKDF2 with SHA-1"},
	{"sha1$", "SHA-1"}, {"md5$", "MD5"}, {"unsalted_sha1$", "SHA-1"}, {"unsalted_md5$", "MD5"},
	{"crypt$", "DES-crypt"}, {"$shiro1$", "Shiro's repeated digest"},
	{"$fbscrypt$", firebase}, {"$firescrypt$", firebase},
	{"{pbkdf2", "PBKDF2 that does not say its iterations"},
	{"{ssha", "salted SHA"}, {"{sha", "SHA"}, {"{smd5}", "salted MD5"}, {"{md", "MD4 or MD5"}, {"{ldap}", "salted SHA"},
	{"{noop}", passwordItself}, {"{cleartext}", passwordItself}, {"{plain", passwordItself},
	{`{"`, "JSON, as Keycloak keeps it, and has to be written as one text"},
	{"{", "in a scheme that nobody knows here"},
}

const (
	firebase       = "Firebase's scrypt, which takes its project's secret key"
	passwordItself = "a password and no hash"
)

// unsupported is the kind of a hash that is not taken; empty for any other.
func unsupported(encoded string) string {
	folded := encoded
	if strings.HasPrefix(encoded, "{") {
		folded = strings.ToLower(encoded)
	}
	for _, k := range kindsByPrefix {
		if strings.HasPrefix(folded, k.prefix) {
			return k.kind
		}
	}
	if strings.Trim(strings.ToLower(encoded), "0123456789abcdef") == "" {
		return map[int]string{32: "MD5 or NTLM", 40: "SHA-1", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512"}[len(encoded)]
	}
	return ""
}
