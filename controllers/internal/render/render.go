// SPDX-License-Identifier: Apache-2.0

// Package render makes a realm's objects. Everything in it is a pure function
// of Inputs: no client, no clock, no randomness, the same objects every time.
//
// Each object has a file of its own and a golden file under testdata. What a
// spec does not say is, for the auth server's settings, what realmconfig.Defaults
// says, and for the objects what stands here.
package render

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
)

// Inputs is everything a realm's objects are made of.
type Inputs struct {
	Realm  *v1alpha1.AuthRealm
	Images Images

	// What was generated for the realm once, as it stands. What is empty could not be
	// read or made now: its object is left as it is.
	Keyset         []byte
	EarlierKeyset  []byte
	EncryptionKeys []byte
	Admin          Admin

	// Database and Cache are how pods log in to them; empty unless the operator
	// runs the database or the cache.
	Database StoreLogin
	Cache    StoreLogin

	// DatabaseTLS and CacheTLS are how they speak TLS, by certificates of StoresAuthority,
	// which is nil when the operator runs neither and when there is none to apply now.
	DatabaseTLS     StoreTLS
	CacheTLS        StoreTLS
	StoresAuthority *pki.Authority

	// Authority and Certificate are nil when the user brings a certificate, and when
	// there is none to apply now; ProvidedCA is the ca.crt beside the user's, if any.
	Authority   *pki.Authority
	Certificate *pki.Pair
	ProvidedCA  []byte

	// Providers are those of the realm's OAuthProviders that can be used, by name.
	Providers []Provider

	// Logo is nil for a realm that names none, or none that can be shown.
	Logo *realmconfig.Picture

	// InitialAccessTokens are those by which clients may be registered now.
	InitialAccessTokens []realmconfig.SecretDigest

	// KeepsClaims has LastClaims, which pods were told of before, stay in force in place of the
	// spec's, which cannot be used.
	KeepsClaims bool
	LastClaims  []realmconfig.Claim

	// WithoutConfig leaves the settings as they are, because no auth server would
	// take the spec's.
	WithoutConfig bool

	// WithoutProviders leaves the providers' client secrets as they are, because
	// nobody knows now which providers there are.
	WithoutProviders bool

	// StorePorts are the ports in the URLs of a database and a cache of the user's.
	StorePorts []int

	// WithoutServerPolicy leaves what the auth server may call as it is, because
	// StorePorts are not known.
	WithoutServerPolicy bool

	// OperatorNamespace is where the operator runs.
	OperatorNamespace string

	// WithoutReplicas leaves the number of pods to the autoscaler, which has it
	// already.
	WithoutReplicas bool

	// WithoutServer and WithoutCache leave out the Deployments, WithoutDatabase the
	// StatefulSet and WithoutIngress the Ingress: what they need does not exist yet, or
	// they would be what the realm may not ask for.
	WithoutServer   bool
	WithoutDatabase bool
	WithoutCache    bool
	WithoutIngress  bool

	// Unmounted are the fields of Secrets for mail and text messages that pods may not read.
	Unmounted []string
}

// Images are the container images to run where a spec names none, and the names of the
// Secrets to pull any with where it names none of those.
type Images struct {
	AuthServer string
	Postgres   string
	Redis      string

	PullSecrets []string
}

// Admin is a realm's first user.
type Admin struct{ Email, Password string }

// Object is one rendered object: what server-side apply is told of it.
type Object interface {
	runtime.ApplyConfiguration
	GetAPIVersion() *string
	GetKind() *string
	GetNamespace() *string
	GetName() *string
}

// Objects renders the whole realm, in the order in which to apply it: what is
// mounted comes before what mounts it.
func Objects(in Inputs) ([]Object, error) {
	objects := append(generatedSecrets(in), serviceAccount(in), serverService(in), disruptionBudget(in))
	if !in.WithoutConfig {
		config, err := configMap(in)
		if err != nil {
			return nil, fmt.Errorf("render settings: %w", err)
		}
		objects = append(objects, config)
	}
	if in.Authority != nil {
		objects = append(objects, AuthoritySecret(in))
	}
	if in.Authority != nil && in.Certificate != nil {
		objects = append(objects, ServingSecret(in))
	}
	if bundle := trustBundle(in); len(bundle) > 0 {
		objects = append(objects, trustBundleConfigMap(in, bundle))
	}
	objects = append(objects, stores(in)...)
	if !in.WithoutServer {
		objects = append(objects, serverDeployment(in))
	}
	around, err := optionalObjects(in)
	return append(objects, around...), err
}

// generatedSecrets are those whose content was made once, as far as it is known.
func generatedSecrets(in Inputs) []Object {
	var objects []Object
	if len(in.Keyset) > 0 {
		objects = append(objects, SigningKeys(in))
	}
	if len(in.EncryptionKeys) > 0 {
		objects = append(objects, encryptionKeysSecret(in))
	}
	if in.Admin.Password != "" {
		objects = append(objects, initialAdminSecret(in))
	}
	if !in.WithoutProviders {
		objects = append(objects, providerCredentialsSecret(in))
	}
	return objects
}

// stores are the database and the cache that the operator runs.
func stores(in Inputs) []Object {
	var objects []Object
	if in.StoresAuthority != nil {
		objects = append(objects, StoresAuthoritySecret(in))
	}
	if ManagesDatabase(in.Realm) {
		if in.Database.Password != "" {
			objects = append(objects, DatabaseSecret(in))
		}
		objects = append(objects, databaseService(in))
		if !in.WithoutDatabase {
			objects = append(objects, databaseStatefulSet(in))
		}
	}
	if ManagesCache(in.Realm) {
		if in.Cache.Password != "" {
			objects = append(objects, CacheSecret(in))
		}
		objects = append(objects, cacheService(in))
		if !in.WithoutCache {
			objects = append(objects, cacheDeployment(in))
		}
	}
	return objects
}

// optionalObjects are what the spec asks for around the pods, and nothing when it
// does not.
func optionalObjects(in Inputs) ([]Object, error) {
	var objects []Object
	spec := in.Realm.Spec
	if OrdersCertificate(in.Realm) {
		objects = append(objects, certificateOrder(in))
	}
	if spec.Autoscaling != nil {
		objects = append(objects, autoscaler(in))
	}
	if spec.NetworkPolicy != nil {
		objects = append(objects, networkPolicies(in)...)
	}
	if e := spec.Exposure; e != nil && e.Gateway != nil {
		objects = append(objects, httpRoute(in), backendTLSPolicy(in))
	}
	if e := spec.Exposure; e != nil && e.Ingress != nil && !in.WithoutIngress {
		objects = append(objects, ingress(in))
	}
	if spec.Monitoring == nil {
		return objects, nil
	}
	monitors, err := monitors(in)
	return append(objects, monitors...), err
}

// Read is an object of a realm's as the API server has it, nil for one of a kind of
// which nothing is told.
func Read(existing *unstructured.Unstructured) (Object, error) {
	var into Object
	switch existing.GetKind() {
	case "Deployment":
		into = &appsv1ac.DeploymentApplyConfiguration{}
	case "StatefulSet":
		into = &appsv1ac.StatefulSetApplyConfiguration{}
	case "Ingress":
		into = &networkingv1ac.IngressApplyConfiguration{}
	default:
		for _, kind := range CustomKinds() {
			if kind == existing.GroupVersionKind() {
				return &Custom{Content: existing}, nil
			}
		}
		return nil, nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(existing.Object, into); err != nil {
		return nil, fmt.Errorf("read %s %s: %w", existing.GetKind(), existing.GetName(), err)
	}
	return into, nil
}
