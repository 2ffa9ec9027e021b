// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

// trustOverlap is for how long pods trust an earlier authority of the stores beside the
// one that has issued what these show now: a store takes a certificate up when its
// kubelet has refreshed its mount, which it tells nobody.
const trustOverlap = time.Hour

// gatherStoresAuthority reads, makes or renews the authority of the stores, and reports
// whether it was made. One that cannot be read makes room for another: nobody trusts it
// but the realm's pods, which go over to another one by themselves.
func (r *reconciler) gatherStoresAuthority(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) (made bool, err error) {
	now, in := r.now(), s.inputs
	secret, made, err := s.generator.GetOrCreate(ctx, realm, render.NamesOf(realm).StoresAuthority(),
		func() (*corev1ac.SecretApplyConfiguration, error) {
			a, err := r.newStoresAuthority(realm, now)
			return render.Generated(realm, render.NamesOf(realm).StoresAuthority(), corev1.SecretTypeTLS, render.AuthorityData(a)), err
		})
	if err != nil {
		return false, err
	}
	s.versions.Note(secret)
	have, unusable := pki.ParseAuthority(
		secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey], secret.Data[render.CABundleKey], now)
	next := have
	switch {
	case unusable != nil:
		made = true
		next, err = r.newStoresAuthority(realm, now)
	case now.Before(have.RenewAt()):
		s.inputs.StoresAuthority = &have
		return made, nil
	default:
		s.inputs.StoresAuthority = &have
		next, err = have.Renew(now, r.random)
	}
	if err != nil {
		return false, fmt.Errorf("make authority of the stores: %w", err)
	}
	in.StoresAuthority = &next
	if err := r.applier.ApplyNew(ctx, realm, s.versions, func() *corev1ac.SecretApplyConfiguration { return render.StoresAuthoritySecret(in) }); err != nil {
		return false, err
	}
	s.inputs.StoresAuthority = &next
	return made, nil
}

func (r *reconciler) newStoresAuthority(realm *v1alpha1.AuthRealm, now time.Time) (pki.Authority, error) {
	return pki.NewAuthority(render.AuthorityCommonName(realm), now, r.random)
}

// announceStoresAuthority tells that an authority has taken the place of one that was
// lost.
func (r *reconciler) announceStoresAuthority(realm *v1alpha1.AuthRealm, stores []managedStore, authority *pki.Authority) {
	for _, store := range stores {
		if c := store.tls.Certificate; c != nil && !authority.Issued(*c) {
			r.events.Warning(realm, eventSecretRemade, actionGenerate,
				"The certificate authority of the managed stores was lost, and a new one was made; pods trust both until every one has read it")
			return
		}
	}
}

// nextTLS is how a store speaks TLS from now on: pods are to trust the authority of
// today, and whichever the store may still go by. A certificate that an earlier
// authority issued stays until they all do.
func (r *reconciler) nextTLS(s *scope, store managedStore, have render.StoreTLS) (render.StoreTLS, error) {
	authority, now := s.inputs.StoresAuthority, r.now()
	if authority == nil {
		return have, nil
	}
	next := have
	next.Trusted = authority.AlsoTrusting(have.Trusted, now)
	hosts := render.StoreHosts(s.inputs.Realm, store.secret)
	if have.Certificate != nil && have.Certificate.ServesUnder(next.Trusted, hosts, now) {
		return next, nil
	}
	issued, err := authority.Issue(hosts, now, r.random)
	next.Certificate = &issued
	return next, err
}

// settledTLS is how a store speaks TLS when every pod trusts the authority of today, and
// none comes in the clear.
func (r *reconciler) settledTLS(st *state, store managedStore) (render.StoreTLS, error) {
	authority, next := st.inputs.StoresAuthority, *store.tls
	next.Plain = false
	if authority == nil {
		return next, nil
	}
	if !authority.Issued(*next.Certificate) {
		issued, err := authority.Issue(render.StoreHosts(st.inputs.Realm, store.secret), st.now, r.random)
		next.Certificate = &issued
		return next, err
	}
	if !st.now.Before(next.Certificate.IssuedAt().Add(trustOverlap)) {
		next.Trusted = authority.Bundle
	}
	return next, nil
}

// nextTLSStep is when something is to be done about how a store speaks TLS though nothing
// happens, the zero time for never. What is refused is tried again by itself.
func nextTLSStep(st state, store managedStore, stagger time.Duration) time.Time {
	authority, t := st.inputs.StoresAuthority, *store.tls
	if authority == nil || t.Certificate == nil {
		return time.Time{}
	}
	due := []time.Time{authority.RenewAt().Add(stagger), t.Certificate.RenewAt().Add(stagger)}
	if t.Plain || !authority.Issued(*t.Certificate) {
		due = append(due, st.now.Add(slowPollInterval))
	}
	if string(t.Trusted) != string(authority.Bundle) {
		due = append(due, t.Certificate.IssuedAt().Add(trustOverlap))
	}
	var next time.Time
	for _, at := range due {
		if at.After(st.now) {
			next = requeue.Soonest(next, at)
		}
	}
	return next
}
