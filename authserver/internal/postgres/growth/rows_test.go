// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
)

// size says how many rows there are, by the number of users.
type size struct{ users int }

// sessions, tokens and events are as many as a realm of so many users keeps.
func (s size) sessions() int { return 2 * s.users }
func (s size) tokens() int   { return 2 * s.sessions() }
func (s size) events() int   { return s.users * 10 / 3 }
func (s size) tenth() int    { return s.users / 10 }

// table is how one is filled: a value for each column of row number i.
type table struct {
	name string
	rows func(size) int
	// where leaves out some of the numbers; empty for none.
	where  string
	values map[string]string
}

// familyOfAll is that of the tokens of every session.
const familyOfAll = 7

// notFilled are tables without rows of their own here, and why.
func notFilled() map[string]string {
	return map[string]string{
		"goose_db_version": "migrations write it",
		"migration_lease":  "migrations write it",
	}
}

// tables is all of them, the longest first, so that nobody waits for one at the end.
func tables() []table {
	return []table{
		{name: "user_search", rows: func(s size) int { return s.users }, values: map[string]string{
			"user_id": userID("i"), "edition": "0",
			// auth.SearchDocument, of letters that are folded already.
			"document": "'  ' || lower(" + firstName("i") + ") || '  ' || lower(" + lastName("i") + ") || '  ' || " + email("i"),
		}},
		{name: "audit_events", rows: size.events, values: map[string]string{
			"id": id(eventAt, "'event' || i"), "at": eventAt,
			"action": `CASE WHEN i % 100 < 70 THEN 'login' WHEN i % 100 < 80 THEN 'logout' WHEN i % 100 < 85 THEN 'session.ended'
				WHEN i % 100 < 88 THEN 'profile.updated' WHEN i % 100 < 91 THEN 'user.registered' WHEN i % 100 < 94 THEN 'email.verified'
				WHEN i % 100 < 97 THEN 'password.changed' WHEN i % 9999 = 0 THEN 'account.locked' ELSE 'proof.given' END`,
			"outcome":   `CASE WHEN i % 30011 = 0 THEN 'account_disabled' WHEN i % 13 = 0 THEN 'invalid_credentials' ELSE 'succeeded' END`,
			"reason":    `CASE WHEN i % 30011 = 0 THEN 'other_password' END`,
			"actor_id":  "CASE WHEN i % 13 > 0 THEN " + userID(eventUser) + " END",
			"target_id": "CASE WHEN i % 39 > 0 THEN " + userID(eventUser) + " END",
			// Strangers at addresses, of which some have no account.
			"account_key": "CASE WHEN i % 13 = 0 THEN sha256(('stranger' || i % 5000)::bytea) END",
			"address":     address("i"), "user_agent": userAgent("i"),
			"detail": "CASE WHEN i % 100 BETWEEN 80 AND 84 THEN 'one' ELSE '' END",
		}},
		{name: "refresh_tokens", rows: size.tokens, values: map[string]string{
			"hash": tokenHash("i"), "session_id": sessionID("((i + 1) / 2)"),
			// The first of two has been used, an hour after it was made.
			"created_at":       lastUsed("((i + 1) / 2)") + " - 3600000 * (i % 2)",
			"expires_at":       lastUsed("((i + 1) / 2)") + " - 3600000 * (i % 2) + 604800000",
			"rotated_at":       "CASE WHEN i % 2 = 1 THEN " + lastUsed("((i + 1) / 2)") + " END",
			"successor_sealed": "CASE WHEN i % 2 = 1 THEN " + sealed("i") + " END",
			// Half of the used ones a server of before has used.
			"traceable": "CASE WHEN i % 4 = 1 THEN true END",
		}},
		{name: "sessions", rows: size.sessions, values: map[string]string{
			"id": sessionID("i"), "user_id": userID(sessionUser), "created_at": sessionAt("i"), "auth_time": sessionAt("i"),
			"last_used_at": lastUsed("i"), "expires_at": lastUsed("i") + " + 604800000",
			"ended_at": "CASE WHEN i % 5 = 0 THEN " + lastUsed("i") + " END", "ended_reason": "CASE WHEN i % 5 = 0 THEN 'logout' END",
			"prune_after": "to_timestamp((" + lastUsed("i") + " + 604800000) / 1000.0::float8)::date",
			"user_agent":  userAgent("i"), "address": address("i"), "amr": "'pwd'", "client_id": "NULL",
			"family": strconv.Itoa(familyOfAll), "continued_by": "NULL",
		}},
		{name: "grant_tokens", rows: size.sessions, values: map[string]string{
			"hash": grantTokenHash("i"), "grant_id": grantID("((i + 1) / 2)"),
			"expires_at":       lastUsed("((i + 1) / 2)") + " + 604800000",
			"rotated_at":       "CASE WHEN i % 2 = 1 THEN " + lastUsed("((i + 1) / 2)") + " END",
			"successor_sealed": "CASE WHEN i % 2 = 1 THEN " + sealed("i") + " END",
		}},
		{name: "grants", rows: func(s size) int { return s.sessions() / 2 }, values: map[string]string{
			"id": grantID("i"), "session_id": sessionID("i"), "sid": sessionID("i"), "client_id": "'apps.shop-' || i % 40",
			"scope": "'openid profile email groups'", "audience": "'apps.shop-' || i % 40", "nonce": "md5('nonce' || i)", "claims": "NULL",
			"created_at": sessionAt("i"), "last_used_at": lastUsed("i"), "expires_at": lastUsed("i") + " + 604800000",
			"prune_after": "to_timestamp((" + lastUsed("i") + " + 604800000) / 1000.0::float8)::date",
			"ended_at":    "NULL", "ended_reason": "NULL", "auth_time": sessionAt("i"), "amr": "'pwd'", "dpop_jkt": "NULL",
		}},
		{name: "session_clients", rows: func(s size) int { return s.sessions() / 2 }, values: map[string]string{
			"session_id": sessionID("i"), "client_id": "'apps.shop-' || i % 40", "user_id": userID(sessionUser), "sid": sessionID("i"), "granted_at": sessionAt("i"),
		}},
		{name: "logouts", rows: size.tenth, values: map[string]string{
			// Those that are made later have ids above 0.
			"id": "-i", "client_id": "'apps.shop-' || i % 40", "user_id": userID("i"), "sid": sessionID("i"), "granted_at": "$now - 86400000",
			"ended_at": "$now - 1000 * (i % 3600)", "due_at": "$now + 1000 * (i % 7200 - 3600)", "attempts": "i % 3",
		}},
		{name: "authorization_codes", rows: size.tenth, values: map[string]string{
			"hash": codeHash("i"), "session_id": sessionID("i"), "client_id": "'apps.shop-' || i % 40", "redirect_uri": "'https://shop.example/callback'",
			"code_challenge": "'challenge' || i", "scope": "'openid profile email groups'", "audience": "'apps.shop-' || i % 40", "nonce": "md5('nonce' || i)",
			"claims": "NULL", "offline": "false", "consented": "CASE WHEN i % 3 = 0 THEN ARRAY['email', 'openid'] END", "created_at": "$now - 1000 * (i % 3600)", "expires_at": "$now + 60000 - 1000 * (i % 3600)",
			"used_at": "CASE WHEN i % 20 > 0 THEN $now - 1000 * (i % 3600) END", "grant_id": "CASE WHEN i % 20 > 0 THEN " + grantID("i") + " END",
			"dpop_jkt": "CASE WHEN i % 7 = 0 THEN md5('key' || i) END",
		}},
		{name: "device_codes", rows: size.tenth, values: map[string]string{
			"hash": "sha256(('device' || i)::bytea)", "user_code_hash": "sha256(('user code' || i)::bytea)", "client_id": "'apps.shop-' || i % 40",
			"scope": "'openid email'", "audience": "'apps.shop-' || i % 40", "user_agent": "'curl/8.5'", "address": address("i"),
			"created_at": "$now - 1000 * (i % 3600)", "expires_at": "$now + 600000 - 1000 * (i % 3600)", "interval_seconds": "5",
			"polled_at": "CASE WHEN i % 3 > 0 THEN $now - 1000 * (i % 3600) END", "answered_at": "CASE WHEN i % 50 > 0 THEN $now - 1000 * (i % 3600) END",
			"grant_id": "CASE WHEN i % 50 > 1 THEN " + grantID("i") + " END", "used_at": "CASE WHEN i % 50 > 2 THEN $now - 1000 * (i % 3600) END",
		}},
		{name: "personal_access_tokens", rows: func(s size) int { return s.users }, values: map[string]string{
			// Some users have many, and a tenth of all have expired.
			"id": personalTokenID("i"), "hash": "sha256(('personal token' || i)::bytea)", "user_id": "CASE WHEN NOT " + ofAccount + " THEN " + userID("(1 + i / 3)") + " END", "client_id": "'apps.shop-' || i % 40",
			"name": "'Nightly backup ' || i", "scopes": "ARRAY['email', 'groups', 'orders:read']",
			"password_changed_at": "CASE WHEN (1 + i / 3) % 6 = 0 THEN " + joined("(1 + i / 3)") + " + 86400000 END",
			"created_at":          "$now - 86400000 * (i % 30)", "expires_at": "$now + 86400000 * (i % 30) - 259200000",
			"last_used_on": "CASE WHEN i % 3 > 0 THEN (to_timestamp($now / 1000.0::float8))::date - (i % 20)::integer END",
			// The rest are of service accounts.
			"service_account_id": "CASE WHEN " + ofAccount + " THEN " + serviceAccountID("(1 + i / 50 % 1000)") + " END", "made_by": "CASE WHEN " + ofAccount + " THEN " + userID("1") + " END",
		}},
		{name: "service_accounts", rows: func(size) int { return serviceaccount.Most }, values: map[string]string{
			"id": serviceAccountID("i"), "name": "'account-' || i", "description": "'What it is for, number ' || i", "created_by": userID("1"),
			"created_at": "$now - 86400000", "disabled_at": "CASE WHEN i % 20 = 0 THEN $now - 3600000 END",
		}},
		{name: "service_account_groups", rows: func(size) int { return 10 * serviceaccount.Most }, values: map[string]string{
			"service_account_id": serviceAccountID("(1 + (i - 1) / 10)"), "group_id": groupID("(1 + i % 997)"), "added_at": "$now - 86400000",
		}},
		{name: "totals", rows: func(size) int { return 0 }, values: map[string]string{"kind": "'none'", "total": "0"}},
		{name: "consents", rows: func(s size) int { return s.users }, values: map[string]string{
			"user_id": userID("i"), "client_id": "'apps.shop-' || i % 40", "client_since": joined("i"),
			"scopes": "ARRAY['email', 'groups', 'openid', 'profile']", "given_at": joined("i"),
		}},
		{name: "users", rows: func(s size) int { return s.users }, values: map[string]string{
			"id": userID("i"), "email": email("i"), "created_at": joined("i"),
			"name":                firstName("i") + " || ' ' || " + lastName("i"),
			"locale":              "(ARRAY['en', 'de', 'es', 'fr', ''])[1 + i % 5]",
			"role":                role("i"),
			"password_hash":       "CASE WHEN i % 10 > 0 THEN '$2a$12$' || substr(md5(i::text) || md5('x' || i), 1, 53) END",
			"password_changed_at": "CASE WHEN i % 6 = 0 THEN " + joined("i") + " + 86400000 END",
			"email_verified_at":   "CASE WHEN i % 50 <> 3 THEN " + joined("i") + " + 60000 END",
			"disabled_at":         "CASE WHEN i % 200 = 11 THEN $now - 86400000 * (i % 100) END",
			"last_login_at":       "CASE WHEN i % 9 > 0 THEN greatest(" + joined("i") + ", $now - 60000 * (i % 40000)) END",
		}},
		{name: "attempts", rows: size.tenth, values: map[string]string{
			// Every fiftieth is of an account, and locks it.
			"key":     "CASE WHEN i % 50 = 0 THEN sha256(" + email("i") + "::bytea) ELSE sha256(('nobody-' || i || '@example.com')::bytea) END",
			"pending": "0", "failures": "CASE WHEN i % 50 = 0 THEN 5 ELSE 1 + i % 4 END", "allowed": "5",
			"reserved_at": "$now - 1000 * (i % 600)", "expires_at": "$now + 86400000 + 1000 * (i % 3600)",
			"user_id":      "CASE WHEN i % 50 = 0 THEN " + userID("i") + " END",
			"user_role":    "CASE WHEN i % 50 = 0 THEN " + role("i") + " END",
			"locked_until": "CASE WHEN i % 50 = 0 THEN $now + 86400000 + 1000 * (i % 3600) END",
		}},
		{name: "outbox", rows: size.tenth, values: map[string]string{
			"id": id("$now - 1000 * (i % 86400)", "'message' || i"), "channel": "CASE WHEN i % 10 > 0 THEN 'mail' ELSE 'sms' END",
			"kind": "(ARRAY['verify-email', 'reset-password', 'password-changed'])[1 + i % 3]", "sealed": "decode(repeat(md5(i::text), 20), 'hex')",
			"created_at": "$now - 1000 * (i % 86400)", "due_at": "$now + 1000 * (i % 7200 - 3600)", "attempts": "i % 3",
		}},
		{name: "tickets", rows: size.tenth, values: map[string]string{
			"hash": ticketHash("i"), "kind": "(ARRAY['reset', 'verify', 'mailed_code', 'challenge', 'oauth_code', 'oauth_state'])[1 + i % 6]",
			"user_id": "CASE WHEN i % 6 < 5 THEN " + userID("i") + " END", "session_id": "NULL",
			"email": "CASE WHEN i % 6 < 3 THEN " + email("i") + " END", "sealed": "CASE WHEN i % 6 > 2 THEN " + sealed("i") + " END",
			"created_at": "$now - 1000 * (i % 3600)", "expires_at": "$now + 1000 * (i % 86400)",
		}},
		{name: "identities", rows: func(s size) int { return s.users }, where: "i % 8 = 0", values: map[string]string{
			"id": identityID("i"), "user_id": userID("i"), "provider": providerOf("i"), "issuer": issuerOf("i"),
			"subject": "'subject-' || i", "email": email("i"), "created_at": joined("i"), "last_used_at": "$now - 60000 * (i % 40000)",
		}},
		{name: "group_members", rows: func(s size) int { return s.users }, values: map[string]string{
			"user_id": userID("i"), "group_id": groupID(someGroup), "added_at": joined("i"),
		}},
		{name: "mapped_members", rows: func(s size) int { return s.users }, where: "i % 8 = 0", values: map[string]string{
			"identity_id": identityID("i"), "user_id": userID("i"), "group_id": groupID(someGroup),
			"provider": providerOf("i"), "authority": issuerOf("i"), "mapped_at": joined("i"),
		}},
		{name: "groups", rows: func(size) int { return manyGroups }, values: map[string]string{
			"id": groupID("i"), "name": "'group-' || i", "created_at": "$now - 86400000",
		}},
		{name: "second_factors", rows: func(s size) int { return s.users }, where: "i % 9 = 0", values: map[string]string{
			"user_id": userID("i"), "method": "CASE WHEN i % 36 = 0 THEN 'sms' ELSE 'totp' END", "enrolment": enrolment("i"),
			"sealed": sealed("i"), "last_step": "1000000 + i", "backup_codes": "CASE WHEN i % 900 = 0 THEN ARRAY[" + backupHash("i") + "] END",
			"created_at": joined("i"), "verified_at": "CASE WHEN i % 900 > 0 THEN " + joined("i") + " END",
		}},
		{name: "backup_codes", rows: func(s size) int { return s.users }, where: "i % 9 = 0", values: map[string]string{
			"user_id": userID("i"), "hashes": "ARRAY(SELECT sha256(('backup' || i || ' ' || c)::bytea) FROM generate_series(1, 8) AS c)", "created_at": joined("i"),
		}},
		{name: "text_codes", rows: func(s size) int { return s.users }, where: "i % 36 = 0", values: map[string]string{
			"user_id": userID("i"), "id": id("$now", "'text' || i"), "enrolment": enrolment("i"), "sealed": "CASE WHEN i % 2 = 0 THEN " + sealed("i") + " END",
			"expires_at": "$now + 3600000", "sent_at": "$now - 1000 * (i % 3000)", "hour_began_at": "$now - 3000000", "sent_in_hour": "1",
		}},
		{name: "passkey_users", rows: func(s size) int { return s.users }, where: "i % 7 = 0", values: map[string]string{
			"user_id": userID("i"), "handle": "sha256(('handle' || i)::bytea)",
		}},
		{name: "passkeys", rows: func(s size) int { return s.users }, where: "i % 7 = 0", values: map[string]string{
			"id": id(joined("i"), "'passkey' || i"), "user_id": userID("i"), "credential_id": "sha256(('credential' || i)::bytea)", "rp_id": "'login.example.com'",
			"record": "decode(repeat(md5(i::text), 40), 'hex')", "name": "'Telephone'", "user_verified": "i % 70 > 0", "backup_eligible": "true", "backed_up": "i % 2 = 0",
			"sign_count": "i % 100", "created_at": joined("i"), "last_used_at": "$now - 60000 * (i % 40000)",
		}},
		{name: "weak_passwords", rows: func(s size) int { return s.users }, where: "i % 8 = 3", values: map[string]string{
			"user_id": userID("i"), "seen_at": "$now - 60000 * (i % 40000)",
		}},
		{name: "requirements", rows: func(s size) int { return s.users }, where: "i % 5 = 1", values: map[string]string{
			// Most have met it; some have been told, and a few are stopped.
			"user_id": userID("i"), "kind": "'factors'", "told_at": "$now - 86400000 * (i % 20)", "due_at": "$now + 86400000 * (14 - i % 20)",
			"reached_at": "CASE WHEN i % 3000 < 1500 THEN $now - 60000 * (i % 9000) END", "met_at": "CASE WHEN i % 100 <> 1 THEN $now - 30000 * (i % 9000) END",
		}},
		{name: "requirement_turns", rows: func(size) int { return 0 }, values: map[string]string{"kind": "'none'", "turn": "0"}},
		{name: "requirement_counts", rows: func(size) int { return 1 }, values: map[string]string{
			"kind": "'factors'", "claimed_until": "$now", "question": "'of other settings'", "covered": "0", "without": "0", "by_group": "'[]'", "counted_at": "$now",
		}},
		{name: "recoveries", rows: func(s size) int { return s.users }, where: "i % 50 = 1", values: map[string]string{
			"user_id": userID("i"), "email": email("i"), "link": "sha256(('recovery' || i)::bytea)", "cancel": "sha256(('cancel' || i)::bytea)",
			"mail": id("$now", "'mail' || i"), "begun_at": "$now - 1000 * (i % 80000)", "ready_at": "$now + 86400000 - 1000 * (i % 80000)",
			"expires_at": "$now + 604800000 - 1000 * (i % 80000)", "address": "'192.0.2.' || i % 250", "user_agent": "'Mozilla/5.0'",
			"approved_at": "NULL", "ended_at": "CASE WHEN i % 500 = 1 THEN $now END", "cancels": "i % 3",
		}},
		{name: "quotas", rows: size.tenth, values: map[string]string{
			"key": "sha256(('quota' || i)::bytea)", "used": "1 + i % 5", "allowed": "5", "since": "$now - 1000 * (i % 3500)",
		}},
		{name: "mail_quotas", rows: size.tenth, values: map[string]string{
			"account_key": "sha256(('quota' || i)::bytea)", "mails": "1 + i % 5", "since": "$now - 1000 * (i % 3500)",
		}},
		{name: "revocations", rows: size.tenth, values: map[string]string{
			"about": "CASE WHEN i % 10 > 0 THEN " + sessionID("(5 * i)") + " ELSE " + userID("i") + " END",
			"role":  "CASE WHEN i % 10 = 0 THEN 'user' END", "revoked_at": "$now - 1000 * (i % 86400)",
		}},
		{name: "registered_clients", rows: func(size) int { return manyRegistered }, values: map[string]string{
			"id": registeredID("i"), "origin": "CASE WHEN i % 2 = 0 THEN 'document' ELSE 'registration' END",
			"metadata": `jsonb_build_object('client_name', 'Agent ' || i, 'redirect_uris', jsonb_build_array('http://127.0.0.1/callback'), 'grant_types', jsonb_build_array('authorization_code'))`,
			"since":    "$now - 86400000 * (i % 300)", "read_at": "CASE WHEN i % 2 = 0 THEN $now - 60000 * (i % 1000) END",
			"fresh_until": "CASE WHEN i % 2 = 0 THEN $now + 60000 * (i % 1000) END", "used_on": "CASE WHEN i % 3 = 0 THEN to_timestamp(($now - 86400000 * (i % 30)) / 1000.0::float8)::date END",
			"expires_at": "$now + 86400000 + 60000 * (i % 40000)",
		}},
		{name: "registered_client_counts", rows: func(size) int { return 0 }, values: map[string]string{"origin": "'none'", "clients": "0"}},
		{name: "bootstraps", rows: func(size) int { return 2 }, values: map[string]string{
			"account_key": "sha256('root@example.com'::bytea)", "number": "i::integer", "password_hash": "'$2a$12$' || substr(md5(i::text) || md5('x' || i), 1, 53)", "at": "$now",
		}},
	}
}

// statement fills the columns that there are. A time is said in milliseconds.
func (t table) statement(s size, columns []column) string {
	names, values := []string{}, []string{}
	for _, c := range columns {
		value := t.values[c.Name]
		if c.Kind == "timestamptz" {
			value = fmt.Sprintf("to_timestamp((%s) / 1000.0::float8)", value)
		}
		names, values = append(names, c.Name), append(values, value)
	}
	where := ""
	if t.where != "" {
		where = " WHERE " + t.where
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM generate_series(1::bigint, %d) AS i%s",
		t.name, strings.Join(names, ", "), strings.Join(values, ", "), t.rows(s), where)
}
