// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// target is what every pod shall run. Each part is empty while it is not known,
// because a Secret is missing or cannot be read; pods keep what they had then.
type target struct {
	config      string
	keyset      string
	certificate string
	credentials string
}

// revision names the target as a whole.
func (t target) revision() string {
	return realmconfig.Revision([]byte(t.config + "/" + t.keyset + "/" + t.certificate + "/" + t.credentials))
}

// reached reports whether a pod runs the target, as far as that is known.
func (t target) reached(p podstatus.Pod) bool {
	runs := func(told, want string) bool { return told == want || want == "" }
	return p.Answered &&
		runs(p.Report.ConfigRevision, t.config) &&
		runs(p.Report.KeysetRevision, t.keyset) &&
		runs(p.Report.CertificateSHA256, t.certificate) &&
		runs(p.Report.CredentialsRevision, t.credentials)
}

func targetOf(g gathered) target {
	t := target{config: g.settings.revision, keyset: g.keys.revision, certificate: g.certificate.fingerprint}
	if g.database.url != "" && g.cache.url != "" && len(g.inputs.EncryptionKeys) > 0 &&
		!g.delivery.unread && !g.inputs.WithoutProviders {
		t.credentials = realmconfig.CredentialsRevision(g.encryption, g.credentials())
	}
	return t
}

// credentials are what pods read of the Secrets that are mounted into them.
func (g gathered) credentials() realmconfig.Credentials {
	c := g.delivery.credentials
	c.DatabaseURL, c.DatabaseCA = g.database.url, g.database.ca
	c.CacheURL, c.CacheCA = g.cache.url, g.cache.ca
	c.ProviderSecrets = map[string]realmconfig.Credential{}
	for _, p := range g.inputs.Providers {
		c.ProviderSecrets[p.Object.Name] = realmconfig.NewCredential(p.Secret)
	}
	// Pods read the secrets of the providers in their settings and no others.
	maps.DeleteFunc(c.ProviderSecrets, func(name string, _ realmconfig.Credential) bool {
		return !slices.ContainsFunc(g.settings.config.Providers, func(p realmconfig.Provider) bool { return p.Name == name })
	})
	return c
}

// observe asks the realm's pods what they run.
func (r *reconciler) observe(ctx context.Context, v *view) error {
	realm := v.inputs.Realm
	var pods corev1.PodList
	err := r.live.List(ctx, &pods, client.InNamespace(realm.Namespace), client.MatchingLabels(render.Selector(realm)))
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	v.stores = slices.DeleteFunc(slices.Clone(pods.Items), func(pod corev1.Pod) bool { return render.IsServer(pod.Labels) })
	servers := slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return !render.IsServer(pod.Labels) })
	v.pods = podstatus.Observe(ctx, servers, r.ask)
	v.leaving = podstatus.ObserveLeaving(ctx, servers, r.now(), r.ask)
	return nil
}

// nudgeAll nudges the pods that run something older than they should, and those
// of the realm's stores that have not been told of a change.
func (r *reconciler) nudgeAll(ctx context.Context, v *view) error {
	in := v.inputs
	var failures []error
	for _, pod := range v.stores {
		revision := ""
		switch {
		case render.IsDatabase(pod.Labels) && render.ManagesDatabase(in.Realm):
			revision = render.DatabaseRevision(in)
		case render.IsCache(pod.Labels) && render.ManagesCache(in.Realm):
			revision = render.CacheRevision(in)
		}
		if pod.DeletionTimestamp == nil && revision != "" && pod.Annotations[render.RevisionAnnotation] != revision {
			failures = append(failures, r.nudge(ctx, in.Realm.Namespace, pod.Name, revision))
		}
	}
	for _, pod := range v.pods {
		if pod.Answered && !v.want.reached(pod) && pod.Annotations[render.RevisionAnnotation] != v.want.revision() {
			failures = append(failures, r.nudge(ctx, in.Realm.Namespace, pod.Name, v.want.revision()))
		}
	}
	return errors.Join(failures...)
}

// nudge writes an annotation on a pod: the kubelet looks at the pod at once, and
// so at its mounts, which it would do a minute later otherwise.
func (r *reconciler) nudge(ctx context.Context, namespace, name, revision string) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, render.RevisionAnnotation, revision)
	err := r.Patch(ctx, pod, client.RawPatch("application/merge-patch+json", []byte(patch)))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("annotate pod %s: %w", name, err)
	}
	return nil
}
