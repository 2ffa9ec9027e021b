// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

const (
	// clusterFresh is how old what is known of the cluster's keys may be: nothing tells when
	// they change. An API server that gets another key publishes it before it signs with it.
	clusterFresh = 5 * time.Minute
	// clusterRetry is after how long to ask again an API server that has not said them.
	clusterRetry = time.Minute
	// clusterTimeout bounds one look.
	clusterTimeout = 10 * time.Second
)

// ownCluster knows with which keys the cluster signs ServiceAccount tokens that the operator
// runs in. All realms share it.
type ownCluster struct {
	read func(context.Context) (realmconfig.Cluster, error)
	now  func() time.Time

	mu    sync.Mutex
	known *realmconfig.Cluster
	// problem says why the last look has failed, nil where it has not.
	problem error
	nextAt  time.Time
}

// look is what is known of the cluster, nil where it has never said it, and when to look
// again. The error is why it has not said it the last time. Looks of many realms at once are
// one.
func (o *ownCluster) look(ctx context.Context) (known *realmconfig.Cluster, next time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	if now.Before(o.nextAt) {
		return o.known, o.nextAt, o.problem
	}
	asking, cancel := context.WithTimeout(ctx, clusterTimeout)
	defer cancel()
	cluster, err := o.read(asking)
	if ctx.Err() != nil {
		return o.known, now.Add(clusterRetry), o.problem
	}
	if err != nil {
		if o.problem == nil {
			log.FromContext(ctx).Error(err, "Keys of the cluster's ServiceAccounts not read, keeping the last ones")
		}
		o.problem, o.nextAt = err, now.Add(clusterRetry)
		return o.known, o.nextAt, o.problem
	}
	o.known, o.problem, o.nextAt = &cluster, nil, now.Add(clusterFresh)
	return o.known, o.nextAt, o.problem
}

// Paths at which an API server says with which keys it signs ServiceAccount tokens. The
// second is asked of the API server itself, wherever the first says that it is: whoever
// writes that document need not be able to be asked from here.
const (
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = "/openid/v1/jwks"
)

// askCluster asks the API server that the operator talks to. What the cluster lets every
// ServiceAccount read by a role of its own, system:service-account-issuer-discovery, is all
// that this needs.
func askCluster(config *rest.Config, client *http.Client) (func(context.Context) (realmconfig.Cluster, error), error) {
	api, err := discovery.NewDiscoveryClientForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("reach the API server: %w", err)
	}
	get := func(ctx context.Context, path string) ([]byte, error) {
		document, err := api.RESTClient().Get().AbsPath(path).Do(ctx).Raw()
		if apierrors.IsForbidden(err) {
			return nil, fmt.Errorf("the API server does not let the operator get %s; bind the ClusterRole system:service-account-issuer-discovery to it", path)
		}
		if err != nil {
			return nil, fmt.Errorf("get %s: %w", path, err)
		}
		return document, nil
	}
	return func(ctx context.Context) (realmconfig.Cluster, error) {
		said, err := get(ctx, discoveryPath)
		if err != nil {
			return realmconfig.Cluster{}, err
		}
		keys, err := get(ctx, jwksPath)
		if err != nil {
			return realmconfig.Cluster{}, err
		}
		return clusterOf(said, keys)
	}, nil
}

// clusterOf reads what an API server has said.
func clusterOf(discovery, keys []byte) (realmconfig.Cluster, error) {
	document := struct {
		Issuer string `json:"issuer"`
	}{}
	if json.Unmarshal(discovery, &document) != nil || !json.Valid(keys) {
		return realmconfig.Cluster{}, errors.New("the API server's discovery document, or its key set, is not JSON")
	}
	cluster := realmconfig.Cluster{Issuer: document.Issuer, JWKS: keys}
	if err := cluster.Validate(); err != nil {
		return realmconfig.Cluster{}, fmt.Errorf("the API server's issuer or keys cannot be used: %s", conditions.OneLine(err))
	}
	return cluster, nil
}
