// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// certificateView is what is known of the serving certificate.
type certificateView struct {
	issued      bool
	fingerprint string
	notAfter    time.Time

	// next is when something is to be done about it: a renewal, or the end of
	// a certificate that the user renews.
	next time.Time

	// obstacle says what is wrong; absent is set when there is nothing to mount.
	obstacle *obstacle
	absent   bool
}

// gatherCertificate brings the realm's certificate up to date in memory, or
// looks at the user's. What is wrong goes into the view, and when it concerns
// the realm's own Secrets it stops the pass.
func (r *reconciler) gatherCertificate(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	if !render.OwnsCertificate(realm) {
		err := r.inspectProvided(ctx, realm, g)
		g.certificate.obstacle, err = sortOut(err)
		return err
	}
	err := r.issue(ctx, realm, g)
	g.certificate.obstacle, err = sortOut(err)
	if g.blocked == nil {
		g.blocked = g.certificate.obstacle
	}
	return err
}

func (r *reconciler) issue(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	authority, err := r.authority(ctx, realm, g)
	if err != nil {
		return err
	}
	leaf, err := r.leaf(ctx, realm, g, authority)
	if err != nil {
		return err
	}
	g.inputs.Authority, g.inputs.Certificate = &authority, &leaf
	g.certificate = certificateView{
		issued:      true,
		fingerprint: leaf.Fingerprint(),
		notAfter:    leaf.Certificate.NotAfter,
		next:        soonest(leaf.RenewAt(), authority.RenewAt()),
	}
	return nil
}

func (r *reconciler) authority(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) (pki.Authority, error) {
	name := render.NamesOf(realm).Authority()
	data, _, err := r.content(ctx, realm, g, name, corev1.SecretTypeTLS, func() (map[string][]byte, error) {
		a, err := pki.NewAuthority(fmt.Sprintf("%s/%s", realm.Namespace, realm.Name), r.now(), r.random)
		return map[string][]byte{
			corev1.TLSCertKey:       a.CertificatePEM,
			corev1.TLSPrivateKeyKey: a.KeyPEM,
			render.CABundleKey:      a.Bundle,
		}, err
	})
	if err != nil {
		return pki.Authority{}, err
	}
	authority, err := pki.ParseAuthority(
		data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey], data[render.CABundleKey], r.now())
	if err != nil {
		return pki.Authority{}, usable(name, corev1.TLSCertKey, err)
	}
	if r.now().Before(authority.RenewAt()) {
		return authority, nil
	}
	renewed, err := authority.Renew(r.now(), r.random)
	if err != nil {
		return pki.Authority{}, fmt.Errorf("renew authority: %w", err)
	}
	r.announce(realm, corev1.EventTypeNormal, eventAuthorityRenewed, actionIssue,
		"The realm's certificate authority was renewed; the earlier certificate stays trusted until %s",
		authority.Certificate.NotAfter.UTC().Format(time.DateOnly))
	return renewed, nil
}

// leaf returns the serving certificate as it stands, or a new one when it does
// not serve any longer.
func (r *reconciler) leaf(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered, authority pki.Authority) (pki.Pair, error) {
	hosts := render.ServingHosts(realm)
	s, err := r.own(ctx, realm, render.NamesOf(realm).Certificate())
	if err != nil && !apierrors.IsNotFound(err) {
		return pki.Pair{}, err
	}
	if err == nil {
		g.versions[s.Name] = versionOf(s)
		leaf, err := pki.ParsePair(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
		if err == nil && authority.Serves(leaf, hosts, r.now()) {
			return leaf, nil
		}
	}
	issued, err := authority.Issue(hosts, r.now(), r.random)
	if err != nil {
		return pki.Pair{}, err
	}
	r.announce(realm, corev1.EventTypeNormal, eventCertificateIssued, actionIssue,
		"A certificate was issued that is valid until %s", issued.Certificate.NotAfter.UTC().Format(time.DateOnly))
	return issued, nil
}

// inspectProvided looks at the certificate that the user brings, or cert-manager.
func (r *reconciler) inspectProvided(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	field, name, view := "tls.secretRef", render.CertificateSecret(realm), &g.certificate
	view.absent = true
	if render.OrdersCertificate(realm) {
		field = "tls.certManager"
		if err := r.awaitIssued(ctx, realm, g); err != nil {
			return err
		}
	}
	data, err := r.referenced(ctx, realm.Namespace, field, name, corev1.TLSCertKey, corev1.TLSPrivateKeyKey)
	if err != nil {
		return err
	}
	pair, err := pki.ParsePair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return obstructed(v1alpha1.ReasonInvalidSecret, "%s: Secret %q cannot be used (%v); correct it, and pods take it up", field, name, err)
	}
	view.absent = false
	view.fingerprint, view.notAfter, view.next = pair.Fingerprint(), pair.Certificate.NotAfter, pair.Certificate.NotAfter
	g.inputs.ProvidedCA = data[render.CABundleKey]
	switch {
	case !r.now().Before(pair.Certificate.NotAfter):
		view.next = time.Time{} // only a new certificate changes anything
		return obstructed(v1alpha1.ReasonExpired, "%s: the certificate in Secret %q expired on %s; put a new one there, and pods take it up",
			field, name, pair.Certificate.NotAfter.UTC().Format(time.DateOnly))
	case !pair.Covers(render.Host(realm)):
		return obstructed(v1alpha1.ReasonHostNotCovered, "%s: the certificate in Secret %q is not for the issuer's host %q; put one there that is",
			field, name, render.Host(realm))
	}
	return nil
}

// awaitIssued returns an obstacle while there is no certificate of cert-manager's.
// One that was issued serves on when cert-manager is gone.
func (r *reconciler) awaitIssued(ctx context.Context, realm *v1alpha1.AuthRealm, g *gathered) error {
	name := render.CertificateSecret(realm)
	_, err := r.secret(ctx, realm.Namespace, name)
	if !apierrors.IsNotFound(err) {
		return err
	}
	if o := g.lacking("tls.certManager", "cert-manager", render.CertificateKind()); o != nil {
		return o
	}
	return obstructed(v1alpha1.ReasonIssuing, "tls.certManager: cert-manager has not put a certificate into Secret %q yet", name)
}
