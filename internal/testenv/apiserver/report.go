// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// tokensSigned is how many tokens a Report says were signed with each key.
const tokensSigned = 21

// Report is what an auth server would say of itself at now whose Deployment has
// this name, if the kubelet mounted into it what there is. What it serves is read
// as servers read it.
func Report(ctx context.Context, k8s client.Reader, namespace, deployment string, now time.Time) (realmconfig.Report, error) {
	return NewReports(k8s).Of(ctx, types.NamespacedName{Namespace: namespace, Name: deployment}, now)
}

// Reports are what auth servers would say of themselves. What is mounted into them is read
// again when it has changed, as servers do. It is safe for concurrent use.
type Reports struct {
	k8s  client.Reader
	mu   sync.Mutex
	read map[types.NamespacedName]*served
}

// NewReports are those of the auth servers of Deployments in k8s.
func NewReports(k8s client.Reader) *Reports {
	return &Reports{k8s: k8s, read: map[types.NamespacedName]*served{}}
}

// Of is what a server of a Deployment would say at now.
func (r *Reports) Of(ctx context.Context, deployment types.NamespacedName, now time.Time) (realmconfig.Report, error) {
	s := r.servedBy(deployment)
	s.mu.Lock()
	defer s.mu.Unlock()
	volumes, version, err := mounts(ctx, r.k8s, deployment)
	if err == nil && s.version != version {
		err = s.read(volumes, version)
	}
	if err != nil {
		return realmconfig.Report{}, err
	}
	return s.report(now), nil
}

func (r *Reports) servedBy(deployment types.NamespacedName) *served {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read[deployment] == nil {
		r.read[deployment] = &served{}
	}
	return r.read[deployment]
}

// served is what the servers of a Deployment have read of a version of what is mounted into
// them.
type served struct {
	mu          sync.Mutex
	version     string
	snapshot    *realmconfig.Snapshot
	clients     *realmconfig.ClientSet
	certificate string // its fingerprint
}

// read reads volumes as servers do.
func (s *served) read(volumes []volume, version string) error {
	dir, err := os.MkdirTemp("", "mounted")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, v := range volumes {
		if err := write(filepath.Join(dir, v.name), v.data, v.items); err != nil {
			return err
		}
	}
	snapshot, err := realmconfig.Load(dir)
	if err != nil {
		return err
	}
	certificate, err := os.ReadFile(filepath.Join(dir, realmconfig.CertificateFile))
	if err != nil {
		return err
	}
	block, _ := pem.Decode(certificate)
	if block == nil {
		return errors.New("the certificate is not PEM")
	}
	sum := sha256.Sum256(block.Bytes)
	s.version, s.snapshot, s.certificate = version, snapshot, hex.EncodeToString(sum[:])
	s.clients = realmconfig.LoadClients(dir, s.clients)
	return nil
}

func (s *served) report(now time.Time) realmconfig.Report {
	report := realmconfig.Report{
		Contract: realmconfig.Version, ConfigRevision: s.snapshot.ConfigRevision, KeysetRevision: s.snapshot.KeysetRevision,
		CredentialsRevision: realmconfig.CredentialsRevision(s.snapshot.EncryptionKeys, s.snapshot.Credentials),
		CertificateSHA256:   s.certificate, HashesPerSecond: 20, NodeHashesPerSecond: 160,
		Time: now, TokensSigned: map[string]int64{},
	}
	report.NoteKeys(s.snapshot.Keyset, now)
	report.NoteTokens(s.snapshot, s.clients)
	for _, kid := range report.KeyIDs {
		report.TokensSigned[kid] = tokensSigned
	}
	s.clients.ReportTo(&report)
	return report
}

// volume is what a server sees in a folder below realmconfig.Dir: the items of data, all of
// it when there are none.
type volume struct {
	name  string
	data  map[string][]byte
	items []corev1.KeyToPath
}

// mounts are the volumes of a Deployment's pods, and what names their version.
func mounts(ctx context.Context, k8s client.Reader, deployment types.NamespacedName) (volumes []volume, version string, err error) {
	get := func(name string, o client.Object) error {
		err := k8s.Get(ctx, types.NamespacedName{Namespace: deployment.Namespace, Name: name}, o)
		version += string(o.GetUID()) + "/" + o.GetResourceVersion() + " "
		return err
	}
	var d appsv1.Deployment
	if err := k8s.Get(ctx, deployment, &d); err != nil {
		return nil, "", err
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		mounted, err := content(v, get)
		if err != nil {
			return nil, "", fmt.Errorf("mount %s: %w", v.Name, err)
		}
		volumes = append(volumes, mounted)
	}
	return volumes, fmt.Sprint(d.UID, " ", d.Generation, " ", version), nil
}

func content(v corev1.Volume, get func(string, client.Object) error) (volume, error) {
	mounted := volume{name: v.Name, data: map[string][]byte{}}
	switch {
	case v.Secret != nil:
		var s corev1.Secret
		err := get(v.Secret.SecretName, &s)
		if apierrors.IsNotFound(err) && v.Secret.Optional != nil && *v.Secret.Optional {
			err = nil
		}
		mounted.data, mounted.items = s.Data, v.Secret.Items
		return mounted, err
	case v.ConfigMap != nil:
		var c corev1.ConfigMap
		err := get(v.ConfigMap.Name, &c)
		for key, value := range c.Data {
			mounted.data[key] = []byte(value)
		}
		mounted.items = v.ConfigMap.Items
		return mounted, err
	case v.Projected != nil:
		return projected(v.Name, v.Projected.Sources, get)
	}
	return mounted, nil
}

// projected is what a volume has of several ConfigMaps, of which each may be missing.
func projected(name string, sources []corev1.VolumeProjection, get func(string, client.Object) error) (volume, error) {
	mounted := volume{name: name, data: map[string][]byte{}}
	for _, source := range sources {
		var c corev1.ConfigMap
		err := get(source.ConfigMap.Name, &c)
		if err != nil && !(apierrors.IsNotFound(err) && *source.ConfigMap.Optional) {
			return volume{}, err
		}
		for key, value := range c.Data {
			mounted.data[key] = []byte(value)
		}
		mounted.items = append(mounted.items, source.ConfigMap.Items...)
	}
	return mounted, nil
}

func write(dir string, data map[string][]byte, items []corev1.KeyToPath) error {
	if len(items) == 0 {
		for key := range data {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		value, found := data[item.Key]
		if !found {
			continue
		}
		path := filepath.Join(dir, item.Path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, value, 0o600)); err != nil {
			return err
		}
	}
	return nil
}
