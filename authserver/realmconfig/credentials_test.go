// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"bytes"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestCredentialsRevisionNamesEveryCredential(t *testing.T) {
	t.Parallel()
	type c = realmconfig.Credentials
	key := func(id string, fill byte) realmconfig.EncryptionKey {
		return realmconfig.EncryptionKey{ID: id, Key: bytes.Repeat([]byte{fill}, realmconfig.EncryptionKeyBytes)}
	}
	keys := func(primary string, list ...realmconfig.EncryptionKey) realmconfig.EncryptionKeys {
		return realmconfig.EncryptionKeys{Version: realmconfig.Version, Primary: primary, Keys: list}
	}
	one := keys("one", key("one", 1))
	revisions := map[string]string{"none": realmconfig.CredentialsRevision(one, c{})}
	for name, credentials := range map[string]c{
		"database URL":                {DatabaseURL: "x"},
		"database CA":                 {DatabaseCA: "x"},
		"cache URL":                   {CacheURL: "x"},
		"cache CA":                    {CacheCA: "x"},
		"SMTP user":                   {SMTPUsername: "x"},
		"SMTP password":               {SMTPPassword: "x"},
		"SMTP CA":                     {SMTPCA: "x"},
		"SMS secret":                  {SMS: "x"},
		"a provider's secret":         {ProviderSecrets: map[string]realmconfig.Credential{"a": "x"}},
		"another provider's secret":   {ProviderSecrets: map[string]realmconfig.Credential{"b": "x"}},
		"another value":               {SMS: "y"},
		"texts that look like others": {SMTPUsername: "xx"},
	} {
		revisions[name] = realmconfig.CredentialsRevision(one, credentials)
	}
	revisions["another key"] = realmconfig.CredentialsRevision(keys("one", key("one", 2)), c{})
	revisions["a second key"] = realmconfig.CredentialsRevision(keys("one", key("one", 1), key("two", 2)), c{})
	revisions["the second key first"] = realmconfig.CredentialsRevision(keys("two", key("one", 1), key("two", 2)), c{})
	seen := map[string]string{}
	for name, revision := range revisions {
		if len(revision) != 12 {
			t.Errorf("%s: the revision is %q", name, revision)
		}
		if other, twice := seen[revision]; twice {
			t.Errorf("%s and %s have the same revision", name, other)
		}
		seen[revision] = name
	}
	absent := c{ProviderSecrets: map[string]realmconfig.Credential{"a": ""}}
	if realmconfig.CredentialsRevision(one, absent) != revisions["none"] {
		t.Error("a secret that is not there has a revision of its own")
	}
}
