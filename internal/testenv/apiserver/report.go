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
	dir, err := os.MkdirTemp("", "mounted")
	if err != nil {
		return realmconfig.Report{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := mount(ctx, k8s, namespace, deployment, dir); err != nil {
		return realmconfig.Report{}, err
	}
	s, err := realmconfig.Load(dir)
	if err != nil {
		return realmconfig.Report{}, err
	}
	certificate, err := os.ReadFile(filepath.Join(dir, realmconfig.CertificateFile))
	if err != nil {
		return realmconfig.Report{}, err
	}
	block, _ := pem.Decode(certificate)
	if block == nil {
		return realmconfig.Report{}, errors.New("the certificate is not PEM")
	}
	sum := sha256.Sum256(block.Bytes)
	report := realmconfig.Report{
		Contract: realmconfig.Version, ConfigRevision: s.ConfigRevision, KeysetRevision: s.KeysetRevision,
		CredentialsRevision: realmconfig.CredentialsRevision(s.EncryptionKeys, s.Credentials),
		CertificateSHA256:   hex.EncodeToString(sum[:]), HashesPerSecond: 20, NodeHashesPerSecond: 160,
		Time: now, TokensSigned: map[string]int64{},
	}
	for _, k := range s.Keyset.Published(now) {
		report.KeyIDs = append(report.KeyIDs, k.KID)
		report.TokensSigned[k.KID] = tokensSigned
	}
	signing, _ := s.Keyset.SigningKey(now)
	report.SigningKeyID = signing.KID
	return report, nil
}

// mount writes what a Deployment's pods see below realmconfig.Dir into dir.
func mount(ctx context.Context, k8s client.Reader, namespace, deployment, dir string) error {
	get := func(name string, o client.Object) error {
		return k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o)
	}
	var d appsv1.Deployment
	if err := get(deployment, &d); err != nil {
		return err
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		data, items, err := content(v, get)
		if err != nil {
			return fmt.Errorf("mount %s: %w", v.Name, err)
		}
		if err := write(filepath.Join(dir, v.Name), data, items); err != nil {
			return err
		}
	}
	return nil
}

// content is what a volume has, and which of it is mounted where, all of it
// when that is not said.
func content(v corev1.Volume, get func(string, client.Object) error) (map[string][]byte, []corev1.KeyToPath, error) {
	data := map[string][]byte{}
	switch {
	case v.Secret != nil:
		var s corev1.Secret
		err := get(v.Secret.SecretName, &s)
		if apierrors.IsNotFound(err) && v.Secret.Optional != nil && *v.Secret.Optional {
			err = nil
		}
		return s.Data, v.Secret.Items, err
	case v.ConfigMap != nil:
		var c corev1.ConfigMap
		err := get(v.ConfigMap.Name, &c)
		for key, value := range c.Data {
			data[key] = []byte(value)
		}
		return data, v.ConfigMap.Items, err
	}
	return data, nil, nil
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
