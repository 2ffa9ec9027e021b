// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func goodConfig() realmconfig.Config {
	return realmconfig.Defaults("identity/quickstart", "https://auth.example.com")
}

func goodKey(t testing.TB) realmconfig.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := realmconfig.NewKey(private, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func goodKeyset(t testing.TB) realmconfig.Keyset {
	t.Helper()
	return keysetOf(goodKey(t))
}

func goodEncryptionKeys() realmconfig.EncryptionKeys {
	return realmconfig.EncryptionKeys{
		Version: realmconfig.Version, Primary: "one",
		Keys: []realmconfig.EncryptionKey{{ID: "one", Key: make([]byte, realmconfig.EncryptionKeyBytes)}},
	}
}

func writeDocument(t *testing.T, dir, name string, document any) {
	t.Helper()
	data, err := realmconfig.Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLoadReadsWhatEncodeWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config, keyset, encryption := goodConfig(), goodKeyset(t), goodEncryptionKeys()
	writeDocument(t, dir, realmconfig.ConfigFile, config)
	writeDocument(t, dir, realmconfig.KeysetFile, keyset)
	writeDocument(t, dir, realmconfig.EncryptionKeysFile, encryption)
	s, err := realmconfig.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s.Config, config) || !reflect.DeepEqual(s.Keyset, keyset) || !reflect.DeepEqual(s.EncryptionKeys, encryption) {
		t.Error("the documents have changed on the way")
	}
	encoded, err := realmconfig.Encode(config)
	if err != nil {
		t.Fatal(err)
	}
	if s.ConfigRevision != realmconfig.Revision(encoded) || len(s.ConfigRevision) != 12 || s.ConfigRevision == s.KeysetRevision {
		t.Errorf("revisions are %q and %q", s.ConfigRevision, s.KeysetRevision)
	}
}

// TestLoadReadsAnEarlierKeysetWhereThereIsNoOther: so it is while an operator of the
// release before runs, or one of this has not come to the realm.
func TestLoadReadsAnEarlierKeysetWhereThereIsNoOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	earlier := goodKeyset(t).Earlier()
	writeDocument(t, dir, realmconfig.ConfigFile, goodConfig())
	writeDocument(t, dir, realmconfig.EncryptionKeysFile, goodEncryptionKeys())
	writeDocument(t, dir, realmconfig.EarlierKeysetFile, earlier)
	s, err := realmconfig.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s.Keyset, earlier.Keyset()) || s.KeysetRevision != realmconfig.Revision(encoded(t, earlier)) {
		t.Errorf("read is %+v of revision %s", s.Keyset, s.KeysetRevision)
	}
	writeDocument(t, dir, realmconfig.KeysetFile, map[string]any{"version": 3})
	if _, err := realmconfig.Load(dir); err == nil || !strings.Contains(err.Error(), realmconfig.KeysetFile) {
		t.Errorf("a key set that cannot be read is passed over: %v", err)
	}
}

func TestLoadNamesEveryBadFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeDocument(t, dir, realmconfig.ConfigFile, map[string]any{"version": 1, "colour": "blue"})
	writeDocument(t, dir, realmconfig.KeysetFile, map[string]any{"version": 3})
	_, err := realmconfig.Load(dir)
	for _, part := range []string{realmconfig.ConfigFile, "colour", realmconfig.KeysetFile, "version: is 3", realmconfig.EncryptionKeysFile} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not name %s: %v", part, err)
		}
	}
}

func TestConfigReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	err := realmconfig.Config{}.Validate()
	for _, field := range []string{
		"version", "realm", "issuer", "tokens.audience", "tokens.accessTokenLifetime", "tokens.refreshTokenLifetime",
		"login.unknownUser", "login.lockout.failures", "login.lockout.duration", "passwords.bcryptCost",
	} {
		if err == nil || !strings.Contains(err.Error(), field+": ") {
			t.Errorf("%s is not named in: %v", field, err)
		}
	}
}

func traces(endpoint string, percent int) *realmconfig.Tracing {
	return &realmconfig.Tracing{Endpoint: endpoint, SamplePercent: percent}
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change  func(*realmconfig.Config)
		problem string
	}{
		"good":                        {func(*realmconfig.Config) {}, ""},
		"no grace period":             {func(c *realmconfig.Config) { c.Tokens.RefreshGracePeriod = 0 }, ""},
		"keys never cached":           {func(c *realmconfig.Config) { c.Tokens.JWKSMaxAge = 0 }, ""},
		"an issuer with a path":       {func(c *realmconfig.Config) { c.Issuer = "https://example.com/realms/one" }, ""},
		"an issuer with a port":       {func(c *realmconfig.Config) { c.Issuer = "https://example.com:8443" }, ""},
		"traces":                      {func(c *realmconfig.Config) { c.Tracing = traces("http://otel.example:4318", 100) }, ""},
		"traces to nowhere":           {func(c *realmconfig.Config) { c.Tracing = traces("", 1) }, "tracing.endpoint: must be a URL"},
		"traces over gRPC":            {func(c *realmconfig.Config) { c.Tracing = traces("otel.example:4317", 1) }, "tracing.endpoint: must be a URL"},
		"traces with a user":          {func(c *realmconfig.Config) { c.Tracing = traces("https://me:mine@otel.example", 1) }, "tracing.endpoint: must be a URL"},
		"more traces than there are":  {func(c *realmconfig.Config) { c.Tracing = traces("https://otel.example", 101) }, "tracing.samplePercent: must be 0 to 100"},
		"a foreign version":           {func(c *realmconfig.Config) { c.Version = 2 }, "version: is 2"},
		"a plain issuer":              {func(c *realmconfig.Config) { c.Issuer = "http://example.com" }, "issuer: "},
		"an issuer with a query":      {func(c *realmconfig.Config) { c.Issuer = "https://example.com?a=b" }, "issuer: "},
		"an issuer with a fragment":   {func(c *realmconfig.Config) { c.Issuer = "https://example.com#a" }, "issuer: "},
		"an issuer with a user":       {func(c *realmconfig.Config) { c.Issuer = "https://me@example.com" }, "issuer: "},
		"an issuer without a host":    {func(c *realmconfig.Config) { c.Issuer = "https:///path" }, "issuer: "},
		"a day and more of access":    {func(c *realmconfig.Config) { c.Tokens.AccessTokenLifetime += realmconfig.Duration(24 * time.Hour) }, "tokens.accessTokenLifetime: "},
		"a long grace period":         {func(c *realmconfig.Config) { c.Tokens.RefreshGracePeriod = realmconfig.Duration(time.Hour) }, "tokens.refreshGracePeriod: "},
		"a negative grace period":     {func(c *realmconfig.Config) { c.Tokens.RefreshGracePeriod = -1 }, "tokens.refreshGracePeriod: "},
		"no failure allowed":          {func(c *realmconfig.Config) { c.Login.Lockout.Failures = 0 }, "login.lockout.failures: "},
		"an unknown way to conceal":   {func(c *realmconfig.Config) { c.Login.UnknownUser = "Hide" }, "login.unknownUser: "},
		"codes without mail":          {func(c *realmconfig.Config) { c.Login.MailCode = realmconfig.MailCodeOn }, "login.mailCode: On needs email"},
		"codes that are off":          {func(c *realmconfig.Config) { c.Login.MailCode = realmconfig.MailCodeOff }, ""},
		"codes now and then":          {func(c *realmconfig.Config) { c.Login.MailCode = "Sometimes" }, "login.mailCode: must be On or Off"},
		"bcrypt too cheap":            {func(c *realmconfig.Config) { c.Passwords.BcryptCost = 9 }, "passwords.bcryptCost: "},
		"bcrypt too dear":             {func(c *realmconfig.Config) { c.Passwords.BcryptCost = 17 }, "passwords.bcryptCost: "},
		"our own bcrypt":              {func(c *realmconfig.Config) { c.Passwords.Engine = realmconfig.InterleavedEngine }, ""},
		"the usual bcrypt":            {func(c *realmconfig.Config) { c.Passwords.Engine = realmconfig.StandardEngine }, ""},
		"a bcrypt nobody has written": {func(c *realmconfig.Config) { c.Passwords.Engine = "Fastest" }, "passwords.engine: must be Interleaved or Standard"},
		"audiences of clients":        {func(c *realmconfig.Config) { c.Clients.Audiences = []string{"orders"} }, ""},
		"an empty audience":           {func(c *realmconfig.Config) { c.Clients.Audiences = []string{""} }, "clients.audiences[0]: "},
		"an audience twice":           {func(c *realmconfig.Config) { c.Clients.Audiences = []string{"a", "a"} }, "clients.audiences[1]: stands twice"},
		"the issuer as an audience":   {func(c *realmconfig.Config) { c.Clients.Audiences = []string{c.Issuer} }, "clients.audiences: must not name the issuer"},
		"a lockout of under a second": {func(c *realmconfig.Config) { c.Login.Lockout.Duration = realmconfig.Duration(time.Millisecond) }, "login.lockout.duration: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := goodConfig()
			c.change(&config)
			expectProblem(t, config.Validate(), c.problem)
		})
	}
}

func TestEncryptionKeysValidate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change  func(*realmconfig.EncryptionKeys)
		problem string
	}{
		"good":              {func(*realmconfig.EncryptionKeys) {}, ""},
		"a foreign version": {func(e *realmconfig.EncryptionKeys) { e.Version = 7 }, "version: is 7"},
		"no such primary":   {func(e *realmconfig.EncryptionKeys) { e.Primary = "two" }, "primary: "},
		"a short key":       {func(e *realmconfig.EncryptionKeys) { e.Keys[0].Key = []byte("hunter2") }, "keys[0].key: must be 32 bytes"},
		"a key twice":       {func(e *realmconfig.EncryptionKeys) { e.Keys = append(e.Keys, e.Keys[0]) }, "keys[1].id: stands twice"},
		"a key without id":  {func(e *realmconfig.EncryptionKeys) { e.Keys[0].ID = "" }, "keys[0].id: must be 1 to 64 bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := goodEncryptionKeys()
			c.change(&keys)
			expectProblem(t, keys.Validate(), c.problem)
		})
	}
}

func expectProblem(t *testing.T, err error, problem string) {
	t.Helper()
	switch {
	case problem == "" && err != nil:
		t.Errorf("refused: %v", err)
	case problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
		t.Errorf("error is %v, want %q", err, problem)
	case err != nil && strings.Contains(err.Error(), "hunter2"):
		t.Errorf("the error quotes a secret: %v", err)
	}
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ document, problem string }{
		"an unknown field":        {`{"version": 1, "colour": "hunter2"}`, "colour"},
		"an unknown nested field": {`{"tokens": {"colour": "hunter2"}}`, "colour"},
		"trailing data":           {`{} "hunter2"`, "data after the document"},
		"half a document":         {`{"version": 1`, "is not complete"},
		"nothing":                 {``, "is not complete"},
		"not JSON":                {`hunter2`, "is not JSON at byte 1"},
		"a wrong type":            {`{"version": "hunter2"}`, "version: must be a int"},
		"a number as duration":    {`{"tokens": {"jwksMaxAge": 300}}`, "a duration must be a string"},
		"a word as duration":      {`{"tokens": {"jwksMaxAge": "hunter2"}}`, "a duration must be a string"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := realmconfig.Config{}
			expectProblem(t, realmconfig.Decode([]byte(c.document), &config), c.problem)
		})
	}
}

func TestKeyMaterialNeverPrints(t *testing.T) {
	t.Parallel()
	keyset, encryption := goodKeyset(t), goodEncryptionKeys()
	encryption.Keys[0].Key = []byte("hunter2hunter2hunter2hunter2hunt")
	log := &strings.Builder{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	logger.Info("x", "private", keyset.Keys()[0].Private, "keyset", keyset, "key", encryption.Keys[0].Key, "keys", encryption)
	snapshot := realmconfig.Snapshot{Keyset: keyset, EncryptionKeys: encryption}
	printed := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed += fmt.Sprintf(verb, keyset) + fmt.Sprintf(verb, encryption) + fmt.Sprintf(verb, snapshot)
	}
	body := strings.Split(string(keyset.Keys()[0].Private), "\n")[1]
	for _, secret := range []string{body, "hunter2", fmt.Sprintf("%x", "hunter2"), "PRIVATE KEY"} {
		if strings.Contains(printed, secret) {
			t.Errorf("%q was printed", secret)
		}
	}
}

func FuzzDecode(f *testing.F) {
	good, err := realmconfig.Encode(goodConfig())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version": 1}`))
	f.Add([]byte(`{"tokens": {"jwksMaxAge": "1h"}} {}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		config := realmconfig.Config{}
		if realmconfig.Decode(document, &config) != nil {
			return
		}
		// Whatever is accepted survives being written and read again.
		encoded, err := realmconfig.Encode(config)
		if err != nil {
			t.Fatal(err)
		}
		again := realmconfig.Config{}
		if err := realmconfig.Decode(encoded, &again); err != nil {
			t.Fatal(err)
		}
		if twice, err := realmconfig.Encode(again); err != nil || !bytes.Equal(twice, encoded) {
			t.Errorf("read again as %s, %v", twice, err)
		}
	})
}
