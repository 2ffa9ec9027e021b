// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

func TestCertificateIsTakenUpLive(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	certificate, key, err := realmfolder.NewCertificate(time.Now().Add(48 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	r.Mount(map[string]any{realmconfig.CertificateFile: certificate, realmconfig.CertificateKeyFile: key})
	block, _ := pem.Decode([]byte(certificate))
	fingerprint := sha256.Sum256(block.Bytes)
	s.eventually("the new certificate is reported", func() bool {
		return s.Report().CertificateSHA256 == hex.EncodeToString(fingerprint[:])
	})
	s.HTTP = s.NewClient(false) // trusts only the new one
	s.login()
}

func TestSettingsAndKeysAreTakenUpLive(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	before := s.login()

	// Published first, signing later, the old key kept for the tokens it signed.
	next := realmfolder.NewKey(realmconfig.ES256)
	next.SignFrom = nil
	r.Keyset = realmfolder.Keyset(r.AccessKeys()[0], next)
	r.Update()
	s.eventually("the next key is published", func() bool { return slices.Contains(s.Report().KeyIDs, next.KID) })
	if report := s.Report(); report.SigningKeyID != r.AccessKeys()[0].KID || report.Problem != "" {
		t.Errorf("report is %+v", report)
	}
	signFrom := time.Now().Add(time.Hour)
	retired := signFrom.Add(time.Hour)
	r.AccessKeys()[1].SignFrom = &signFrom
	r.Update()
	encoded, err := realmconfig.Encode(r.Keyset)
	if err != nil {
		t.Fatal(err)
	}
	s.eventually("the start of the next key is known", func() bool {
		return s.Report().KeysetRevision == realmconfig.Revision(encoded)
	})
	r.Clock.Advance(30 * time.Minute)
	if a := s.profile(before.Access); a.Status != http.StatusOK {
		t.Errorf("a token of the old key answered %d %s", a.Status, a.Body)
	}
	r.Clock.Advance(31 * time.Minute) // nothing but time passes
	if got := s.Report().SigningKeyID; got != next.KID {
		t.Errorf("%s signs, want the next key", got)
	}
	r.AccessKeys()[0].VerifyUntil = &retired
	r.Update()
	after := s.login()
	if a := s.profile(after.Access); a.Status != http.StatusOK {
		t.Errorf("a token of the new key answered %d %s", a.Status, a.Body)
	}
	r.Keyset = realmfolder.Keyset(r.AccessKeys()[1]) // the first is revoked
	r.Update()
	s.eventually("the old key is gone", func() bool { return len(s.Report().KeyIDs) == 1 })
	s.profile(before.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
}

func TestBadDocumentsKeepTheLastGoodOnes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		files map[string]any
		named string
	}{
		"not JSON":          {map[string]any{realmconfig.ConfigFile: "{"}, realmconfig.ConfigFile},
		"an unknown field":  {map[string]any{realmconfig.ConfigFile: `{"colour": "blue"}`}, realmconfig.ConfigFile},
		"an empty key set":  {map[string]any{realmconfig.KeysetFile: `{"version": 2, "families": []}`}, "families: must not be empty"},
		"a bad certificate": {map[string]any{realmconfig.CertificateFile: "x", realmconfig.CertificateKeyFile: "y"}, realmconfig.CertificateFile},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			s := r.serve()
			good := s.Report()
			r.Mount(c.files)
			s.eventually("the problem is reported", func() bool { return s.Report().Problem != "" })
			bad := s.Report()
			if !strings.Contains(bad.Problem, c.named) {
				t.Errorf("the problem is %q and does not name %q", bad.Problem, c.named)
			}
			bad.Problem = ""
			if bad.ConfigRevision != good.ConfigRevision || bad.KeysetRevision != good.KeysetRevision ||
				bad.CertificateSHA256 != good.CertificateSHA256 {
				t.Errorf("in force is now %+v, was %+v", bad, good)
			}
			s.login()

			if err := r.Save(); err != nil {
				t.Fatal(err)
			}
			s.eventually("the problem is over", func() bool { return s.Report().Problem == "" })
		})
	}
}

func TestWithoutASigningKeyNothingIsUsedUp(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	session := s.login()
	signing := r.AccessKeys()[0]
	withKeys := func(key realmconfig.Key) {
		t.Helper()
		r.Keyset = realmfolder.Keyset(key)
		r.Update()
		s.eventually("the keys are in force", func() bool { return (s.Report().SigningKeyID == "") == (key.SignFrom == nil) })
	}
	pending := signing
	pending.SignFrom = nil
	withKeys(pending)
	for name, a := range map[string]answer{"login": s.tryLogin(adminEmail, adminPassword), "refresh": s.tryRefresh(session.Refresh)} {
		a.Expect(t, http.StatusServiceUnavailable, "signing_unavailable")
		if a.RetryAfter() != 1 {
			t.Errorf("%s: Retry-After is %d", name, a.RetryAfter())
		}
	}
	if a := s.profile(session.Access); a.Status != http.StatusOK {
		t.Errorf("verification answered %d %s", a.Status, a.Body)
	}
	r.Clock.Advance(time.Minute) // well beyond the grace period
	withKeys(signing)
	s.refresh(session.Refresh)
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	for version, accepted := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", s.API, &tls.Config{
			RootCAs: r.Roots(), ServerName: issuerHost, MinVersion: version, MaxVersion: version,
		})
		if (err == nil) != accepted {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
}

func TestOnlyAuthenticatedEncryptionIsSpoken(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		aead := strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_CHACHA20_")
		accepted := aead && strings.HasPrefix(suite.Name, "TLS_ECDHE_ECDSA_") // the realm's key is on a curve
		conn, err := tls.Dial("tcp", s.API, &tls.Config{
			RootCAs: r.Roots(), ServerName: issuerHost, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID},
		})
		if (err == nil) != accepted {
			t.Errorf("%s: %v", suite.Name, err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
}
