// SPDX-License-Identifier: Apache-2.0

// Package render makes a realm's objects. Everything in it is a pure function
// of Inputs: no client, no clock, no randomness, the same objects every time.
//
// Each object has a file of its own and a golden file under testdata. The
// spec's defaults live here, and nowhere else.
package render

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
)

// Inputs is everything a realm's objects are made of.
type Inputs struct {
	Realm  *v1alpha1.AuthRealm
	Images Images

	// What was generated for the realm once, as it stands.
	Keyset         []byte
	EncryptionKeys []byte
	Admin          Admin

	// Database and Cache are how pods log in to them; empty unless the operator
	// runs the database or the cache.
	Database StoreLogin
	Cache    StoreLogin

	// Authority and Certificate are nil when the user brings a certificate;
	// ProvidedCA is then the ca.crt beside it, if any.
	Authority   *pki.Authority
	Certificate *pki.Pair
	ProvidedCA  []byte

	// Providers are those of the realm's OAuthProviders that can be used, by name.
	Providers []Provider

	// Logo is nil for a realm that names none, or none that can be shown.
	Logo *realmconfig.Picture

	// WithoutConfig leaves the settings as they are, because no auth server would
	// take the spec's.
	WithoutConfig bool

	// StorePorts are the ports in the URLs of a database and a cache of the user's.
	StorePorts []int

	// OperatorNamespace is where the operator runs.
	OperatorNamespace string

	// WithoutReplicas leaves the number of pods to the autoscaler, which has it
	// already.
	WithoutReplicas bool

	// WithoutServer leaves out the Deployment, because what its pods would
	// mount does not exist yet.
	WithoutServer bool
}

// Images are the container images to run where a spec names none.
type Images struct {
	AuthServer string
	Postgres   string
	Redis      string
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
	objects := []Object{
		SigningKeys(in), encryptionKeysSecret(in), initialAdminSecret(in), providerCredentialsSecret(in),
		serviceAccount(in), serverService(in), disruptionBudget(in),
	}
	if !in.WithoutConfig {
		config, err := configMap(in)
		if err != nil {
			return nil, fmt.Errorf("render settings: %w", err)
		}
		objects = append(objects, config)
	}
	if in.Authority != nil {
		objects = append(objects, authoritySecret(in), certificateSecret(in))
	}
	if bundle := trustBundle(in); len(bundle) > 0 {
		objects = append(objects, trustBundleConfigMap(in, bundle))
	}
	if ManagesDatabase(in.Realm) {
		objects = append(objects, DatabaseSecret(in), databaseService(in), databaseStatefulSet(in))
	}
	if ManagesCache(in.Realm) {
		objects = append(objects, CacheSecret(in), cacheService(in), cacheDeployment(in))
	}
	if !in.WithoutServer {
		objects = append(objects, serverDeployment(in))
	}
	around, err := surroundings(in)
	return append(objects, around...), err
}

// surroundings are what the spec asks for around the pods, and nothing when it
// does not.
func surroundings(in Inputs) ([]Object, error) {
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
	if e := spec.Exposure; e != nil && e.Ingress != nil {
		objects = append(objects, ingress(in))
	}
	if spec.Monitoring == nil {
		return objects, nil
	}
	monitors, err := monitors(in)
	return append(objects, monitors...), err
}
