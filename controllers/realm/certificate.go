// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// certificateState is what is known of the serving certificate.
type certificateState struct {
	issued      bool
	fingerprint string
	notAfter    time.Time

	// next is when something is to be done about it: a renewal, or the end of
	// a certificate that the user renews.
	next time.Time

	// expiresSoon is set when a certificate that the user renews should have been.
	expiresSoon bool

	// failure says what is wrong; absent is set when there is nothing to mount that
	// is known of.
	failure *conditions.Failure
	absent  bool
}

// gatherCertificate brings the realm's certificate up to date, or looks at the
// user's. What is wrong goes into the scope.
func (r *reconciler) gatherCertificate(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	look := r.inspectProvided
	if render.OwnsCertificate(realm) {
		look = r.issueCertificate
	}
	failure, err := s.classify(look(ctx, realm, s))
	s.certificate.failure = failure
	if render.OwnsCertificate(realm) {
		s.addOwnFailure(failure)
	}
	return err
}

// issueCertificate sees to the realm's own authority and certificate. Each is written as
// soon as it is made: what is told of them is what pods are given.
func (r *reconciler) issueCertificate(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	before, err := r.servedCertificate(ctx, realm, s)
	if err != nil {
		s.certificate.absent = true
		return err
	}
	s.certificate.set(before)
	authority, err := r.authority(ctx, realm, s)
	if err != nil {
		return err
	}
	s.inputs.Authority, s.inputs.Certificate = &authority, before
	renewal, err := s.classify(r.renewAuthority(ctx, realm, s))
	if err != nil {
		return err
	}
	if err := r.renewLeaf(ctx, realm, s); err != nil {
		s.addOwnFailure(renewal)
		return err
	}
	s.certificate.next = s.inputs.Certificate.RenewAt()
	if renewal != nil {
		return renewal // which is tried again, though its time is past
	}
	s.certificate.next = requeue.Soonest(s.certificate.next, s.inputs.Authority.RenewAt())
	if problem := render.HostProblem(realm); problem != nil {
		return conditions.NewFailure(v1alpha1.ReasonInvalidSettings, "%v; the certificate stays that of the earlier host", problem)
	}
	return nil
}

// set tells of a certificate of the realm's own, nil for none.
func (c *certificateState) set(leaf *pki.Pair) {
	c.absent = leaf == nil
	if leaf != nil {
		c.issued, c.fingerprint, c.notAfter = true, leaf.Fingerprint(), leaf.Certificate.NotAfter
	}
}

// servedCertificate is the certificate that pods have, nil when there is none to use.
func (r *reconciler) servedCertificate(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) (*pki.Pair, error) {
	name := render.NamesOf(realm).Certificate()
	if s.generator.Absent(ctx, realm, name) {
		return nil, nil
	}
	secret, err := s.generator.Owned(ctx, realm, name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.versions.Note(secret)
	leaf, err := pki.ParsePair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, nil // another one takes its place
	}
	return &leaf, nil
}

func (r *reconciler) authority(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) (pki.Authority, error) {
	var authority pki.Authority
	_, created, err := s.generator.Ensure(ctx, realm, s.versions, secrets.Generated{
		Name: render.NamesOf(realm).Authority(), Type: corev1.SecretTypeTLS, GiveUpAnnotation: v1alpha1.NewAuthorityAnnotation,
		Generate: func() (map[string][]byte, error) {
			a, err := pki.NewAuthority(render.AuthorityCommonName(realm), r.now(), r.random)
			return render.AuthorityData(a), err
		},
		Read: func(data map[string][]byte) (err error) {
			authority, err = pki.ParseAuthority(
				data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey], data[render.CABundleKey], r.now())
			return err
		},
	})
	if err == nil && created && s.certificate.issued {
		r.events.Warning(realm, eventSecretRemade, actionGenerate,
			"The realm's certificate authority was lost, and a new one was made: clients have to trust that one")
	}
	return authority, err
}

// renewAuthority gives the authority a new certificate when it is time.
func (r *reconciler) renewAuthority(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	now, in := r.now(), s.inputs
	if in.Authority.ValidAt(now) && now.Before(in.Authority.RenewAt()) {
		return nil
	}
	renewed, err := in.Authority.Renew(now, r.random)
	if err != nil {
		return fmt.Errorf("renew authority: %w", err)
	}
	in.Authority = &renewed
	if err := r.applier.ApplyNew(ctx, realm, s.versions, func() *corev1ac.SecretApplyConfiguration { return render.AuthoritySecret(in) }); err != nil {
		return err
	}
	s.inputs.Authority = &renewed
	r.events.Normal(realm, eventAuthorityRenewed, actionIssue,
		"The realm's certificate authority was renewed; the earlier certificate stays trusted until %s",
		renewed.Certificate.NotAfter.UTC().Format(time.DateOnly))
	return nil
}

// renewLeaf issues another certificate when the one that is served does not serve
// any longer.
func (r *reconciler) renewLeaf(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	hosts, now, in := render.ServingHosts(realm), r.now(), s.inputs
	if problem := render.HostProblem(realm); problem != nil {
		if in.Certificate == nil {
			return conditions.NewFailure(v1alpha1.ReasonInvalidSettings, "%v", problem)
		}
		hosts = in.Certificate.Hosts()
	}
	if in.Certificate != nil && in.Authority.Serves(*in.Certificate, hosts, now) {
		return nil
	}
	issued, err := in.Authority.Issue(hosts, now, r.random)
	if err != nil {
		return err
	}
	in.Certificate = &issued
	if err := r.writeLeaf(ctx, realm, s, in); err != nil {
		return err
	}
	s.inputs.Certificate = &issued
	s.certificate.set(&issued)
	r.events.Normal(realm, eventCertificateIssued, actionIssue,
		"A certificate was issued that is valid until %s", issued.Certificate.NotAfter.UTC().Format(time.DateOnly))
	return nil
}

// writeLeaf writes a certificate, which takes the place of another unless there is none.
func (r *reconciler) writeLeaf(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope, in render.Inputs) error {
	rendered := func() *corev1ac.SecretApplyConfiguration { return render.ServingSecret(in) }
	if s.versions.Has(render.NamesOf(realm).Certificate()) {
		return r.applier.ApplyNew(ctx, realm, s.versions, rendered)
	}
	first := rendered()
	if err := r.applier.Create(ctx, realm, first); err != nil {
		return err
	}
	s.versions.NoteApplied(first)
	if !maps.EqualFunc(first.Data, rendered().Data, bytes.Equal) {
		return r.applier.ApplyNew(ctx, realm, s.versions, rendered) // which says what is wrong
	}
	return nil
}

// inspectProvided looks at the certificate that the user brings, or cert-manager.
func (r *reconciler) inspectProvided(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	field, name, certificate, read := "tls.secretRef", render.CertificateSecret(realm), &s.certificate, r.references.Secret
	certificate.absent = true
	if render.OrdersCertificate(realm) {
		// No spec names this one: it is the realm's own, which cert-manager fills.
		field, read = "tls.certManager", r.references.Needed
		if err := r.checkIssued(ctx, realm, s); err != nil {
			return err
		}
	}
	secret, err := read(ctx, realm.Namespace, field, name, corev1.TLSCertKey, corev1.TLSPrivateKeyKey)
	if err != nil {
		return err
	}
	data := secret.Data
	pair, err := pki.ParsePair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "%s: Secret %q cannot be used (%v); correct it, and pods take it up", field, name, err)
	}
	certificate.absent = false
	certificate.fingerprint, certificate.notAfter = pair.Fingerprint(), pair.Certificate.NotAfter
	s.inputs.ProvidedCA = data[render.CABundleKey]
	var failure *conditions.Failure
	if failure, certificate.next = judgeProvided(pair, field, name, render.Host(realm), r.now()); failure != nil {
		return failure
	}
	certificate.expiresSoon = certificate.next.Equal(pair.Certificate.NotAfter)
	return nil
}

// judgeProvided says what is wrong at now with a certificate that the user brings, nil for
// nothing, and when to look again though nobody changes it, the zero time for never.
func judgeProvided(pair pki.Pair, field, secret, host string, now time.Time) (*conditions.Failure, time.Time) {
	c := pair.Certificate
	switch {
	case !now.Before(c.NotAfter):
		return conditions.NewFailure(v1alpha1.ReasonExpired, "%s: the certificate in Secret %q expired on %s; put a new one there, and pods take it up",
			field, secret, c.NotAfter.UTC().Format(time.DateOnly)), time.Time{} // only a new certificate changes anything
	case !pair.Covers(host):
		return conditions.NewFailure(v1alpha1.ReasonHostNotCovered, "%s: the certificate in Secret %q is not for the issuer's host %q; put one there that is",
			field, secret, host), c.NotAfter
	case !pair.IsForServers():
		return conditions.NewFailure(v1alpha1.ReasonInvalidSecret, "%s: the certificate in Secret %q is not for servers (its extended key usage lacks serverAuth); "+
			"put one there that is", field, secret), c.NotAfter
	case now.Before(c.NotBefore):
		return conditions.NewFailure(v1alpha1.ReasonNotYetValid, "%s: the certificate in Secret %q is not valid before %s, and clients refuse it until then; "+
			"put one there that is valid now, or wait", field, secret, c.NotBefore.UTC().Format(time.RFC3339)), c.NotBefore
	}
	if soon := pair.ExpiresSoonAt(); now.Before(soon) {
		return nil, soon
	}
	return nil, c.NotAfter
}

// checkIssued returns a failure while there is no certificate of cert-manager's.
// One that was issued serves on when cert-manager is gone.
func (r *reconciler) checkIssued(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	name := render.CertificateSecret(realm)
	_, err := s.generator.Get(ctx, realm.Namespace, name)
	if !apierrors.IsNotFound(err) {
		return err
	}
	if failure := s.missingKind("tls.certManager", "cert-manager", render.CertificateKind()); failure != nil {
		return failure
	}
	return conditions.NewFailure(v1alpha1.ReasonIssuing, "tls.certManager: cert-manager has not put a certificate into Secret %q yet", name)
}
