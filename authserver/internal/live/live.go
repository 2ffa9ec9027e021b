// SPDX-License-Identifier: Apache-2.0

// Package live keeps a realm's mounted documents in force while they change.
//
// What is in force is one immutable value behind an atomic pointer; a request
// reads it without a lock. Documents that are wrong never come into force: the
// last good ones stay, and the Report says what is wrong with the new ones.
package live

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Folder is a folder of mounted documents.
type Folder struct {
	dir     string
	log     *slog.Logger
	current atomic.Pointer[state]
}

// state is what is in force, and why nothing newer is.
type state struct {
	snapshot    *realmconfig.Snapshot
	certificate *tls.Certificate
	problem     string
	superseded  chan struct{} // closed when another one is in force
}

// Open loads the folder. Unlike a later change, the first documents must be good.
func Open(dir string, log *slog.Logger) (*Folder, error) {
	f := &Folder{dir: dir, log: log}
	snapshot, snapshotErr := realmconfig.Load(dir)
	certificate, certificateErr := loadCertificate(dir)
	if err := errors.Join(snapshotErr, certificateErr); err != nil {
		return nil, fmt.Errorf("load realm: %w", err)
	}
	f.current.Store(&state{snapshot: snapshot, certificate: certificate, superseded: make(chan struct{})})
	return f, nil
}

// Snapshot is the documents in force.
func (f *Folder) Snapshot() *realmconfig.Snapshot { return f.current.Load().snapshot }

// Changed is closed when something else than now is in force.
func (f *Folder) Changed() <-chan struct{} { return f.current.Load().superseded }

// Config is the settings in force.
func (f *Folder) Config() realmconfig.Config { return f.Snapshot().Config }

// Certificate serves tls.Config.GetCertificate.
func (f *Folder) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.current.Load().certificate, nil
}

// Report says what is in force at now.
func (f *Folder) Report(build string, now time.Time) realmconfig.Report {
	s := f.current.Load()
	fingerprint := sha256.Sum256(s.certificate.Leaf.Raw)
	r := realmconfig.Report{
		Build: build, Contract: realmconfig.Version,
		ConfigRevision: s.snapshot.ConfigRevision, KeysetRevision: s.snapshot.KeysetRevision,
		KeyIDs:              []string{},
		Time:                now.UTC(),
		CertificateSHA256:   hex.EncodeToString(fingerprint[:]),
		CertificateNotAfter: s.certificate.Leaf.NotAfter,
		Problem:             s.problem,
	}
	for _, k := range s.snapshot.Keyset.Published(now) {
		r.KeyIDs = append(r.KeyIDs, k.KID)
	}
	if k, ok := s.snapshot.Keyset.SigningKey(now); ok {
		r.SigningKeyID = k.KID
	}
	return r
}

// reload puts what is on disk in force, each part only if it is good. Documents,
// credentials and certificate are separate parts: a bad setting must keep neither
// a password in use that is no longer valid nor a certificate that expires.
func (f *Folder) reload() {
	old := f.current.Load()
	next := *old
	snapshot, snapshotErr := realmconfig.Load(f.dir)
	if snapshotErr != nil {
		snapshot = f.withCredentials(*old.snapshot)
	}
	if !sameSnapshot(snapshot, old.snapshot) {
		next.snapshot = snapshot
	}
	certificate, certificateErr := loadCertificate(f.dir)
	if certificateErr == nil && !certificate.Leaf.Equal(old.certificate.Leaf) {
		next.certificate = certificate
	}
	next.problem = ""
	if err := errors.Join(snapshotErr, certificateErr); err != nil {
		next.problem = err.Error()
	}
	if next == *old {
		return
	}
	next.superseded = make(chan struct{})
	f.current.Store(&next)
	close(old.superseded)
	if next.problem != "" && next.problem != old.problem {
		f.log.Error("realm documents refused, keeping the last good ones", "problem", next.problem)
		return
	}
	f.log.Info("realm documents in force",
		"config", next.snapshot.ConfigRevision, "keyset", next.snapshot.KeysetRevision,
		"certificateNotAfter", next.certificate.Leaf.NotAfter)
}

// withCredentials is s with the credentials that are on disk, if they are legible.
func (f *Folder) withCredentials(s realmconfig.Snapshot) *realmconfig.Snapshot {
	if c, err := realmconfig.LoadCredentials(f.dir, s.Config.Providers); err == nil {
		s.Credentials = c
	}
	return &s
}

func sameSnapshot(a, b *realmconfig.Snapshot) bool {
	return a.ConfigRevision == b.ConfigRevision && a.KeysetRevision == b.KeysetRevision &&
		reflect.DeepEqual(a.EncryptionKeys, b.EncryptionKeys) && reflect.DeepEqual(a.Credentials, b.Credentials)
}

func loadCertificate(dir string) (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(
		filepath.Join(dir, realmconfig.CertificateFile), filepath.Join(dir, realmconfig.CertificateKeyFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", realmconfig.CertificateFile, err)
	}
	return &c, nil
}
