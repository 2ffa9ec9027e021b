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
	snapshot *realmconfig.Snapshot
	// clients change often, and what is remembered of a snapshot outlives them.
	clients     *realmconfig.ClientSet
	certificate *tls.Certificate
	problem     string
	superseded  chan struct{} // closed when another one is in force
}

// Open loads the folder. Unlike a later change, the first documents must be good, but
// for those of clients: a bad one hurts no other.
func Open(dir string, log *slog.Logger) (*Folder, error) {
	f := &Folder{dir: dir, log: log}
	snapshot, snapshotErr := realmconfig.Load(dir)
	certificate, certificateErr := loadCertificate(dir)
	if err := errors.Join(snapshotErr, certificateErr); err != nil {
		return nil, fmt.Errorf("load realm: %w", err)
	}
	clients := realmconfig.LoadClients(dir, nil)
	f.current.Store(&state{snapshot: snapshot, clients: clients, certificate: certificate, superseded: make(chan struct{})})
	f.logClients(nil, clients)
	return f, nil
}

// Snapshot is the documents in force.
func (f *Folder) Snapshot() *realmconfig.Snapshot { return f.current.Load().snapshot }

// Changed is closed when something else than now is in force.
func (f *Folder) Changed() <-chan struct{} { return f.current.Load().superseded }

// Config is the settings in force.
func (f *Folder) Config() realmconfig.Config { return f.Snapshot().Config }

// Clients are those in force.
func (f *Folder) Clients() *realmconfig.ClientSet { return f.current.Load().clients }

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
		Time:                now.UTC(),
		CertificateSHA256:   hex.EncodeToString(fingerprint[:]),
		CertificateNotAfter: s.certificate.Leaf.NotAfter,
		Problem:             s.problem,
	}
	r.NoteKeys(s.snapshot.Keyset, now)
	r.NoteTokens(s.snapshot, s.clients)
	s.clients.ReportTo(&r)
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
	next.clients = realmconfig.LoadClients(f.dir, old.clients)
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
	f.logClients(old.clients, next.clients)
	f.logDocuments(old, &next)
}

// logDocuments tells of documents other than clients that have changed.
func (f *Folder) logDocuments(old, next *state) {
	if next.snapshot == old.snapshot && next.certificate == old.certificate && next.problem == old.problem {
		return
	}
	if next.problem != "" && next.problem != old.problem {
		f.log.Error("realm documents refused, keeping the last good ones", "problem", next.problem)
		return
	}
	f.log.Info("realm documents in force",
		"config", next.snapshot.ConfigRevision, "keyset", next.snapshot.KeysetRevision,
		"certificateNotAfter", next.certificate.Leaf.NotAfter)
}

// logClients tells of clients that have changed, and once of each problem.
func (f *Folder) logClients(old, next *realmconfig.ClientSet) {
	if next == old || old == nil && next.Len() == 0 {
		return
	}
	var before, now realmconfig.Report
	old.ReportTo(&before)
	next.ReportTo(&now)
	for shard, problem := range now.ClientDocumentProblems {
		if before.ClientDocumentProblems[shard] != problem {
			f.log.Error("document of clients refused, keeping the last good one", "file", realmconfig.ClientFile(shard), "problem", problem)
		}
	}
	for id, problem := range now.ClientProblems {
		if before.ClientProblems[id] != problem {
			f.log.Error("client refused, keeping it as it was", "client", id, "problem", problem)
		}
	}
	if now.ClustersProblem != "" && now.ClustersProblem != before.ClustersProblem {
		f.log.Error("document of clusters refused, keeping the last good one", "file", realmconfig.ClustersFile, "problem", now.ClustersProblem)
	}
	f.log.Info("clients in force", "clients", next.Len(), "revisions", now.ClientRevisions, "clusters", now.ClustersRevision)
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
