// SPDX-License-Identifier: Apache-2.0

package clientsecret_test

import (
	"errors"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/clientsecret"
)

func digest(name string) realmconfig.SecretDigest { return realmconfig.DigestSecret(name) }

func secret(name string, made, written time.Time) *clientsecret.Secret {
	return &clientsecret.Secret{Digest: digest(name), MadeAt: made, WrittenAt: written}
}

// names are secrets by the names that digest was given here.
func names(s clientsecret.Secrets) string {
	name := func(s *clientsecret.Secret) string {
		if s == nil {
			return "-"
		}
		for _, known := range []string{"old", "live", "new", "fresh", "foreign"} {
			if digest(known) == s.Digest {
				return known
			}
		}
		return "?"
	}
	return "pending " + name(s.Pending) + ", active " + name(s.Active) + ", retiring " + name(s.Retiring)
}

func TestPlan(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	hour, day := time.Hour, 24*time.Hour
	var never time.Time
	live := secret("live", now.Add(-10*day), now.Add(-10*day))
	rotating := clientsecret.Secrets{Active: live, Pending: secret("new", now.Add(-hour), never)}
	overlapping := clientsecret.Secrets{Active: secret("live", now.Add(-2*hour), now.Add(-hour)), Retiring: secret("old", now.Add(-30*day), now.Add(-30*day))}
	for name, c := range map[string]struct {
		before clientsecret.Secrets
		stored string
		lost   bool // the pending one's value
		known  bool
		policy clientsecret.Policy
		want   string
		write  bool
		next   time.Time
	}{
		"the first": {want: "pending fresh, active -, retiring -"},
		"the first, on its way": {before: clientsecret.Secrets{Pending: secret("new", now, never)},
			want: "pending new, active -, retiring -"},
		"the first, known": {before: clientsecret.Secrets{Pending: secret("new", now, never)}, known: true,
			want: "pending new, active -, retiring -", write: true},
		"the first, lost": {before: clientsecret.Secrets{Pending: secret("new", now, never)}, known: true, lost: true,
			want: "pending fresh, active -, retiring -"},
		"the first, written": {before: clientsecret.Secrets{Pending: secret("new", now, never)}, stored: "new", known: true,
			want: "pending -, active new, retiring -"},
		"a client that is remembered by nobody": {stored: "live", want: "pending -, active live, retiring -"},
		"nothing to do":                         {before: clientsecret.Secrets{Active: live}, stored: "live", want: "pending -, active live, retiring -"},
		"nothing to do until it is old": {before: clientsecret.Secrets{Active: live}, stored: "live", policy: clientsecret.Policy{Interval: 11 * day},
			want: "pending -, active live, retiring -", next: now.Add(day)},
		"one that is old": {before: clientsecret.Secrets{Active: live}, stored: "live", policy: clientsecret.Policy{Interval: 10 * day},
			want: "pending fresh, active live, retiring -"},
		"one that is to be replaced now": {before: clientsecret.Secrets{Active: live}, stored: "live", policy: clientsecret.Policy{RotateAfter: now},
			want: "pending fresh, active live, retiring -"},
		"one that is to be replaced later": {before: clientsecret.Secrets{Active: live}, stored: "live", policy: clientsecret.Policy{RotateAfter: now.Add(hour), Interval: 11 * day},
			want: "pending -, active live, retiring -", next: now.Add(hour)},
		"one that has been replaced": {before: clientsecret.Secrets{Active: live}, stored: "live", policy: clientsecret.Policy{RotateAfter: live.MadeAt},
			want: "pending -, active live, retiring -"},
		"a rotation whose secret some pod does not know": {before: rotating, stored: "live", policy: clientsecret.Policy{Interval: 10 * day},
			want: "pending new, active live, retiring -"},
		"a rotation whose secret every pod knows": {before: rotating, stored: "live", known: true, policy: clientsecret.Policy{Interval: 10 * day},
			want: "pending new, active live, retiring -", write: true},
		"a rotation that is written": {before: rotating, stored: "new", known: true, policy: clientsecret.Policy{Interval: 10 * day, Overlap: day},
			want: "pending -, active new, retiring live", next: now.Add(day)},
		"a rotation without overlap": {before: rotating, stored: "new", known: true, policy: clientsecret.Policy{Interval: 10 * day},
			want: "pending -, active new, retiring -", next: now.Add(-hour).Add(10 * day)},
		"a rotation that nobody wants any more": {before: rotating, stored: "live", known: true, want: "pending -, active live, retiring -"},
		"an overlap":                            {before: overlapping, stored: "live", policy: clientsecret.Policy{Overlap: 2 * hour}, want: "pending -, active live, retiring old", next: now.Add(hour)},
		"an overlap that ends":                  {before: overlapping, stored: "live", policy: clientsecret.Policy{Overlap: hour}, want: "pending -, active live, retiring -"},
		"an overlap that is cut short":          {before: overlapping, stored: "live", want: "pending -, active live, retiring -"},
		"a Secret that was deleted":             {before: clientsecret.Secrets{Active: live}, want: "pending fresh, active live, retiring -"},
		"a Secret that was edited":              {before: clientsecret.Secrets{Active: live}, stored: "foreign", want: "pending fresh, active live, retiring -"},
		"a Secret that was deleted in an overlap": {before: overlapping, policy: clientsecret.Policy{Overlap: 2 * hour},
			want: "pending fresh, active live, retiring -"},
		"a Secret that was restored from before": {before: overlapping, stored: "old", policy: clientsecret.Policy{Overlap: 2 * hour},
			want: "pending -, active old, retiring live", next: now.Add(2 * hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := clientsecret.Seen{Known: c.known, Holds: func(clientsecret.Secret) bool { return !c.lost }}
			if c.stored != "" {
				seen.Stored = digest(c.stored)
			}
			got, err := clientsecret.Plan(c.before, seen, c.policy, now, func() (realmconfig.SecretDigest, error) { return digest("fresh"), nil })
			if err != nil || names(got.Secrets) != c.want || got.Write != c.write || !got.Next.Equal(c.next) {
				t.Errorf("got %s, write %t, next %s (%v), want %s, write %t, next %s", names(got.Secrets), got.Write, got.Next, err, c.want, c.write, c.next)
			}
		})
	}
}

func TestASecretThatCannotBeMadeIsNone(t *testing.T) {
	t.Parallel()
	broken := errors.New("no randomness")
	_, err := clientsecret.Plan(clientsecret.Secrets{}, clientsecret.Seen{}, clientsecret.Policy{}, time.Now(),
		func() (realmconfig.SecretDigest, error) { return realmconfig.SecretDigest{}, broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
