// SPDX-License-Identifier: Apache-2.0

package growth

import "fmt"

// What follows are SQL expressions over the number of a row. The same number has the
// same value wherever it is used: rows refer to each other without being looked up.
// $now, $users, $sessions and $events stand for the time of the fill and its size. Times
// are milliseconds since 1970, since to add an interval to a timestamp takes ten times as
// long; they become timestamps when they are stored.

// id is a version 7 UUID (RFC 9562, section 5.7) of a time, told from others by a text.
func id(ms, text string) string {
	return fmt.Sprintf("('0' || to_hex(%s) || overlay(overlay(substr(md5(%s), 1, 20) placing '7' from 1) placing '8' from 5))::uuid", ms, text)
}

const (
	minute = 60_000
	day    = 24 * 60 * minute
)

// joined is when user number i registered, within three years.
func joined(i string) string {
	return fmt.Sprintf("($now - %d + %[1]d * %s / $users)", 3*365*day, i)
}

func userID(i string) string { return id(joined(i), "'user' || "+i) }

func role(i string) string {
	return fmt.Sprintf("CASE WHEN %[1]s %% 100000 = 7 THEN 'admin' WHEN %[1]s %% 1000 = 8 THEN 'editor' ELSE 'user' END", i)
}

func firstName(i string) string {
	return fmt.Sprintf(`CASE WHEN %[1]s = 4242 THEN 'Zebulon' ELSE (ARRAY['Ann', 'Ben', 'Carla', 'David', 'Emma', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jan',
		'Karin', 'Leo', 'Maria', 'Nils', 'Olga', 'Paul', 'Rosa', 'Sven', 'Tara', 'Uwe', 'Vera', 'Wim', 'Yara', 'Zoe'])[1 + %[1]s %% 24] END`, i)
}

func lastName(i string) string {
	return fmt.Sprintf(`CASE WHEN %[1]s = 4242 THEN 'Quixote' ELSE (ARRAY['Smith', 'Jones', 'Mueller', 'Schmidt', 'Garcia', 'Lopez', 'Martin', 'Bernard',
		'Rossi', 'Silva', 'Kowalski', 'Novak', 'Ivanov', 'Yilmaz', 'Haddad', 'Chen', 'Tanaka', 'Nguyen', 'Singh', 'Okafor', 'Larsen', 'Virtanen', 'Murphy',
		'Dubois', 'Weber', 'Fischer', 'Moreau', 'Costa', 'Horvath', 'Popescu', 'Andersen'])[1 + (%[1]s / 24) %% 31] END`, i)
}

func email(i string) string {
	return fmt.Sprintf(`(lower(%s) || '.' || lower(%s) || '.' || %[3]s || '@' || CASE WHEN %[3]s %% 10 < 4 THEN 'mail.example'
		WHEN %[3]s %% 10 < 6 THEN 'post.example' ELSE 'company-' || %[3]s %% 19997 || '.example' END)`, firstName(i), lastName(i), i)
}

// sessionAt is when session number i began, within thirty days; its last use was within
// the last seven, mostly, which is how long a session lives unused.
func sessionAt(i string) string {
	return fmt.Sprintf("($now - %d + %[1]d * %s / $sessions)", 30*day, i)
}

func lastUsed(i string) string {
	return fmt.Sprintf("greatest(%s, $now - %d * (%s * 7919 %% 100003) / 100003)", sessionAt(i), 7*day+60*minute, i)
}

func sessionID(i string) string { return id(sessionAt(i), "'session' || "+i) }

// sessionUser and eventUser give some users much and others nothing.
const (
	sessionUser = "(1 + floor(power((i * 7919 % $sessions)::float8 / $sessions, 1.3) * $users)::bigint)"
	eventUser   = "(1 + floor(power((i * 7919 % $events)::float8 / $events, 1.3) * $users)::bigint)"
	eventAt     = "($now - 7776000000 + 7776000000 * i / $events)"
)

// manyGroups is how many there are. A quarter of all members are in the first.
const (
	manyGroups = 1000
	someGroup  = "(CASE WHEN i % 4 = 0 THEN 1 ELSE 2 + i % 999 END)"
)

func groupID(i string) string         { return id("$now - 86400000", "'group' || "+i) }
func personalTokenID(i string) string { return id("$now - 86400000", "'personal token' || "+i) }

// ofAccount holds for the tokens of service accounts: one in fifty.
const ofAccount = "(i % 50 = 7)"

func serviceAccountID(i string) string { return id("$now - 86400000", "'service account' || "+i) }

func identityID(i string) string { return id(joined(i), "'identity' || "+i) }
func providerOf(i string) string {
	return fmt.Sprintf("(ARRAY['google', 'github', 'okta'])[1 + %s %% 3]", i)
}
func issuerOf(i string) string { return fmt.Sprintf("('https://issuer-' || %s %% 3 || '.example')", i) }
func grantID(i string) string  { return id(sessionAt(i), "'grant' || "+i) }

func grantTokenHash(i string) string { return fmt.Sprintf("sha256(('grant token' || %s)::bytea)", i) }
func codeHash(i string) string       { return fmt.Sprintf("sha256(('code' || %s)::bytea)", i) }

func tokenHash(i string) string  { return fmt.Sprintf("sha256(('token' || %s)::bytea)", i) }
func ticketHash(i string) string { return fmt.Sprintf("sha256(('ticket' || %s)::bytea)", i) }
func backupHash(i string) string { return fmt.Sprintf("sha256(('backup' || %s || ' 1')::bytea)", i) }
func enrolment(i string) string  { return id("$now", "'enrolment' || "+i) }

// sealed begins as what the present key has sealed: see primaryKey.
func sealed(i string) string {
	return fmt.Sprintf("decode('0102030405060708' || repeat(md5('sealed' || %s), 4), 'hex')", i)
}

// userAgent is as the Store keeps it.
func userAgent(i string) string {
	return fmt.Sprintf(`(ARRAY['~Windows', '~Mac OS X', '~Linux', '~Android'])[1 + %[1]s %% 4] || ' Chrome/' || 110 + %[1]s %% 20 || '~s'`, i)
}

func address(i string) string {
	return fmt.Sprintf("('10.' || %[1]s %% 251 || '.' || %[1]s / 251 %% 251 || '.' || %[1]s / 63001 %% 251)", i)
}
