// SPDX-License-Identifier: Apache-2.0

package attached

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/kinds"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/status"
)

// ClientKind is OAuthClient.
func ClientKind() Kind {
	return Kind{
		object: &v1alpha1.OAuthClient{},
		list:   func() client.ObjectList { return &v1alpha1.OAuthClientList{} },
		plural: "clients",
		status: status.NewKind("client", &v1alpha1.OAuthClient{}, func(c *v1alpha1.OAuthClient) *[]metav1.Condition { return &c.Status.Conditions }),
		realm:  named(render.RealmOfClient),
		secret: named(render.ClientSecretName),
		// A realm may have ten thousand clients: they are asked for what concerns them alone.
		concerns: func(before, after *v1alpha1.AuthRealm) bool {
			return before.Spec.Issuer != after.Spec.Issuer || !equality.Semantic.DeepEqual(before.Spec.Clients, after.Spec.Clients) ||
				(render.Replicas(before) == 0) != (render.Replicas(after) == 0)
		},
	}
}

const (
	// shardIndex is of clients by their realm and the document they are in.
	shardIndex = "realm and shard"
	// workloadIndex is of those of ServiceAccounts, by their realm.
	workloadIndex = "realm of workload"
)

func indexClients(indexer client.FieldIndexer) error {
	byRealm := func(name string, keys func(*v1alpha1.OAuthClient) []string) error {
		return indexer.IndexField(context.Background(), &v1alpha1.OAuthClient{}, name, func(o client.Object) []string {
			if c, ok := o.(*v1alpha1.OAuthClient); ok {
				return keys(c)
			}
			return nil
		})
	}
	return errors.Join(
		byRealm(shardIndex, func(c *v1alpha1.OAuthClient) []string {
			return []string{shardKey(render.RealmOfClient(c), realmconfig.ClientShard(render.ClientID(c)))}
		}),
		byRealm(workloadIndex, func(c *v1alpha1.OAuthClient) []string {
			if workload, _ := render.IsWorkload(c); workload {
				return []string{key(render.RealmOfClient(c))}
			}
			return nil
		}),
	)
}

// Workloads reports whether a client that asks for a realm is one of ServiceAccounts, and
// whether one of these is of the cluster that the operator runs in.
func Workloads(ctx context.Context, r client.Reader, realm types.NamespacedName) (some, here bool, err error) {
	clients, err := listClients(ctx, r, client.MatchingFields{workloadIndex: key(realm)})
	for i := range clients {
		_, isHere := render.IsWorkload(&clients[i])
		here = here || isHere
	}
	return len(clients) > 0, here, err
}

func shardKey(realm types.NamespacedName, shard int) string {
	return key(realm) + "/" + strconv.Itoa(shard)
}

// ClientsInShard are the clients that ask for a realm and belong into one document of it.
// They are the cache's own: nobody writes to them.
func ClientsInShard(ctx context.Context, r client.Reader, realm types.NamespacedName, shard int) ([]v1alpha1.OAuthClient, error) {
	return listClients(ctx, r, client.MatchingFields{shardIndex: shardKey(realm, shard)})
}

func listClients(ctx context.Context, r client.Reader, of client.ListOption) ([]v1alpha1.OAuthClient, error) {
	var list v1alpha1.OAuthClientList
	if err := r.List(ctx, &list, of, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	return list.Items, nil
}

// Clients are all that ask for a realm. They are the cache's own: nobody writes to them.
func Clients(ctx context.Context, r client.Reader, realm types.NamespacedName) ([]v1alpha1.OAuthClient, error) {
	return listClients(ctx, r, client.MatchingFields{realmIndex: key(realm)})
}

// RefuseClient is a conditions.Failure when a realm does not take a client: from its
// namespace, with its audiences, of its clusters, or as its settings are. It reads namespaces from a cache
// of their metadata.
func RefuseClient(ctx context.Context, cache client.Reader, realm *v1alpha1.AuthRealm, c *v1alpha1.OAuthClient) error {
	if err := refuseNamespace(ctx, cache, realm, c.Namespace); err != nil {
		return err
	}
	var allowed []string
	if realm.Spec.Clients != nil {
		allowed = realm.Spec.Clients.Audiences
	}
	for _, audience := range c.Spec.Audiences {
		if !slices.Contains(allowed, audience) {
			return conditions.NewFailure(v1alpha1.ReasonAudienceNotAllowed,
				"audiences: spec.clients.audiences of AuthRealm %q does not list %q; have it added there, or leave it out", realm.Name, conditions.Truncate(audience))
		}
	}
	if r := c.Spec.ProtectedResource; r != nil && !slices.Contains(allowed, string(r.Resource)) {
		return conditions.NewFailure(v1alpha1.ReasonAudienceNotAllowed,
			"protectedResource.resource: spec.clients.audiences of AuthRealm %q does not list %q; have it added there, letter by letter, or nobody can have a token for it",
			realm.Name, conditions.Truncate(string(r.Resource)))
	}
	if err := refuseClusters(realm, c); err != nil {
		return err
	}
	if problem := render.ClientProblem(c); problem != nil {
		return conditions.NewFailure(v1alpha1.ReasonInvalidSettings, "The settings cannot be used: %s", conditions.OneLine(problem))
	}
	return nil
}

func refuseClusters(realm *v1alpha1.AuthRealm, c *v1alpha1.OAuthClient) error {
	for _, account := range c.Spec.ServiceAccounts {
		if account.Cluster == "" {
			continue
		}
		declared, found := render.DeclaredCluster(realm, account.Cluster)
		if !found {
			return conditions.NewFailure(v1alpha1.ReasonClusterNotDeclared,
				"serviceAccounts: spec.clients.clusters of AuthRealm %q does not declare %q; have it added there, or leave cluster out for this one", realm.Name, account.Cluster)
		}
		if _, problem := render.Cluster(declared); problem != nil {
			return conditions.NewFailure(v1alpha1.ReasonInvalidSettings,
				"serviceAccounts: cluster %q in spec.clients.clusters of AuthRealm %q cannot be used: %s", account.Cluster, realm.Name, conditions.OneLine(problem))
		}
	}
	return nil
}

func refuseNamespace(ctx context.Context, cache client.Reader, realm *v1alpha1.AuthRealm, namespace string) error {
	if namespace == realm.Namespace || realm.Spec.Clients != nil && realm.Spec.Clients.AllowedNamespaces == v1alpha1.AllNamespaces {
		return nil
	}
	if realm.Spec.Clients == nil || realm.Spec.Clients.AllowedNamespaces != v1alpha1.SelectedNamespaces {
		return conditions.NewFailure(v1alpha1.ReasonNamespaceNotAllowed,
			"AuthRealm %q takes clients of its own namespace %q alone; have its spec.clients.allowedNamespaces say All, or Selector with a selector of namespace %q",
			realm.Name, realm.Namespace, namespace)
	}
	selector, err := metav1.LabelSelectorAsSelector(realm.Spec.Clients.NamespaceSelector)
	if err != nil {
		return conditions.NewFailure(v1alpha1.ReasonNamespaceNotAllowed,
			"spec.clients.namespaceSelector of AuthRealm %q selects nothing: %s", realm.Name, conditions.StableMessage(err))
	}
	o := kinds.Metadata(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err = cache.Get(ctx, types.NamespacedName{Name: namespace}, o)
	switch {
	case err == nil && selector.Matches(labels.Set(o.Labels)):
		return nil
	case err != nil && !apierrors.IsNotFound(err):
		return fmt.Errorf("get namespace: %w", err)
	}
	return conditions.NewFailure(v1alpha1.ReasonNamespaceNotAllowed,
		"spec.clients.namespaceSelector of AuthRealm %q does not select namespace %q; have its labels or the selector changed", realm.Name, namespace)
}
