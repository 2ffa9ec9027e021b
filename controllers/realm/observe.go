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
	config string
	keyset string
	// earlierKeyset is the same keys for a pod that knows no families.
	earlierKeyset string
	certificate   string
	credentials   string
}

// revision names the target as a whole.
func (t target) revision() string {
	return realmconfig.Revision([]byte(t.config + "/" + t.keyset + "/" + t.certificate + "/" + t.credentials))
}

// isRunBy reports whether a pod runs the target, as far as that is known.
func (t target) isRunBy(p podstatus.Pod) bool {
	runs := func(has, want string) bool { return has == want || want == "" }
	return p.Answered &&
		runs(p.Report.ConfigRevision, t.config) &&
		runs(p.Report.KeysetRevision, t.keysetFor(p)) &&
		runs(p.Report.CertificateSHA256, t.certificate) &&
		runs(p.Report.CredentialsRevision, t.credentials)
}

// keysetFor is the key set that a pod shall run.
func (t target) keysetFor(p podstatus.Pod) string {
	if p.Report.StoppedKeyIDs == nil {
		return t.earlierKeyset
	}
	return t.keyset
}

func targetOf(s scope) target {
	t := target{config: s.settings.revision, keyset: s.keys.revision, earlierKeyset: s.keys.earlierRevision, certificate: s.certificate.fingerprint}
	if s.database.url != "" && s.cache.url != "" && len(s.inputs.EncryptionKeys) > 0 &&
		!s.delivery.unknown && !s.inputs.WithoutProviders {
		t.credentials = realmconfig.CredentialsRevision(s.encryption, s.credentials())
	}
	return t
}

// credentials are what pods read of the Secrets that are mounted into them.
func (s scope) credentials() realmconfig.Credentials {
	c := s.delivery.credentials
	c.DatabaseURL, c.DatabaseCA = s.database.url, s.database.ca
	c.CacheURL, c.CacheCA = s.cache.url, s.cache.ca
	c.ProviderSecrets = map[string]realmconfig.Credential{}
	for _, p := range s.inputs.Providers {
		c.ProviderSecrets[p.Object.Name] = realmconfig.NewCredential(p.Secret)
	}
	// Pods read the secrets of the providers in their settings and no others.
	maps.DeleteFunc(c.ProviderSecrets, func(name string, _ realmconfig.Credential) bool {
		return !slices.ContainsFunc(s.settings.config.Providers, func(p realmconfig.Provider) bool { return p.Name == name })
	})
	return c
}

// observe asks the realm's pods what they run.
func (r *reconciler) observe(ctx context.Context, st *state) error {
	realm := st.inputs.Realm
	var pods corev1.PodList
	err := r.live.List(ctx, &pods, client.InNamespace(realm.Namespace), client.MatchingLabels(render.Selector(realm)))
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	st.stores = slices.DeleteFunc(slices.Clone(pods.Items), func(pod corev1.Pod) bool { return render.IsServer(pod.Labels) })
	servers := slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return !render.IsServer(pod.Labels) })
	st.pods = podstatus.Observe(ctx, servers, r.now(), r.ask)
	st.leaving = podstatus.ObserveLeaving(ctx, servers, r.now(), r.ask)
	for _, pod := range servers {
		if trouble := podstatus.Trouble(pod, "", r.now()); podstatus.Leaves(pod) && trouble != nil {
			st.departed = trouble
		}
	}
	return nil
}

// refreshPods has the mounts refreshed of the pods that run something older than they
// should, and of those of the realm's stores that have not been told of a change.
func (r *reconciler) refreshPods(ctx context.Context, st *state) error {
	in := st.inputs
	var failures []error
	for _, pod := range st.stores {
		var revision string
		switch {
		case render.IsDatabase(pod.Labels) && in.Database.Password != "":
			revision = render.DatabaseRevision(in)
		case render.IsCache(pod.Labels) && in.Cache.Password != "":
			revision = render.CacheRevision(in)
		}
		if pod.DeletionTimestamp == nil && revision != "" && pod.Annotations[render.RevisionAnnotation] != revision {
			failures = append(failures, r.refreshPod(ctx, in.Realm.Namespace, pod.Name, revision))
		}
	}
	for _, pod := range st.pods {
		if pod.Answered && !st.want.isRunBy(pod) && pod.Annotations[render.RevisionAnnotation] != st.want.revision() {
			failures = append(failures, r.refreshPod(ctx, in.Realm.Namespace, pod.Name, st.want.revision()))
		}
	}
	return errors.Join(failures...)
}

// refreshPod writes an annotation on a pod: the kubelet looks at the pod at once, and
// so at its mounts, which it would do a minute later otherwise.
func (r *reconciler) refreshPod(ctx context.Context, namespace, name, revision string) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, render.RevisionAnnotation, revision)
	err := r.Patch(ctx, pod, client.RawPatch("application/merge-patch+json", []byte(patch)))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("annotate pod %s: %w", name, err)
	}
	return nil
}
