// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

const (
	cacheConfigKey = "redis.conf"

	// cachePort is for TLS, cachePlainPort for pods of a release that spoke none.
	cachePort      = 6380
	cachePlainPort = 6379
)

// CacheSecret is what the managed Redis and its clients read.
func CacheSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	data := in.Cache.data()
	in.CacheTLS.addTo(data, ManagedCacheURL(in), cacheURL(in, "redis", cachePlainPort))
	data[cacheConfigKey] = []byte(cacheConfig(in.Realm, in.CacheTLS.Plain))
	data[cacheUsersKey] = cacheUsers(in.Cache)
	return secret(in.Realm, NamesOf(in.Realm).Cache(), cache, data).WithOwnerReferences(owner(in.Realm))
}

// ManagedCacheURL is where pods find the managed Redis.
func ManagedCacheURL(in Inputs) []byte { return cacheURL(in, "rediss", cachePort) }

func cacheURL(in Inputs, scheme string, port int) []byte {
	uri := url.URL{
		Scheme: scheme,
		User:   url.UserPassword(in.Cache.User, in.Cache.Password),
		Host:   fmt.Sprintf("%s:%d", NamesOf(in.Realm).Cache(), port),
		Path:   "0",
	}
	return []byte(uri.String())
}

// cacheConfig is redis.conf. Nothing is written to disk: what Redis forgets,
// PostgreSQL remembers. For the same reason a full cache drops what would have
// expired soonest, which costs a look-up, instead of refusing writes, which
// would cost logins.
func cacheConfig(realm *v1alpha1.AuthRealm, plain bool) string {
	plainPort := 0
	if plain {
		plainPort = cachePlainPort
	}
	return strings.Join([]string{
		"bind * -::*",
		fmt.Sprintf("port %d", plainPort),
		fmt.Sprintf("tls-port %d", cachePort),
		"tls-cert-file " + cacheFolder + "/" + corev1.TLSCertKey,
		"tls-key-file " + cacheFolder + "/" + corev1.TLSPrivateKeyKey,
		"tls-auth-clients no",
		"tls-protocols TLSv1.3",
		"unixsocket " + cacheRunFolder + "/redis.sock",
		"unixsocketperm 700",
		"protected-mode yes",
		"aclfile " + cacheRunFolder + "/" + cacheUsersKey,
		`save ""`,
		"appendonly no",
		fmt.Sprintf("maxmemory %d", cacheMemory(realm)),
		"maxmemory-policy volatile-ttl",
		"",
	}, "\n")
}

// cachePorts are those at which the cache listens.
func cachePorts(in Inputs) []int {
	if in.CacheTLS.Plain {
		return []int{cachePort, cachePlainPort}
	}
	return []int{cachePort}
}

// cacheMemory is what Redis may fill, in bytes: two thirds of the container's
// limit, because buffers and fragmentation come on top.
func cacheMemory(realm *v1alpha1.AuthRealm) int64 {
	const unlimited = 128 << 20
	limit := memoryLimit(cacheResources(managedCache(realm)))
	if limit == 0 {
		return unlimited
	}
	return limit / 3 * 2
}

func cacheService(in Inputs) *corev1ac.ServiceApplyConfiguration {
	spec := corev1ac.ServiceSpec().
		WithSelector(selector(in.Realm, cache)).
		WithPorts(corev1ac.ServicePort().
			WithName("redis").
			WithPort(cachePort).
			WithTargetPort(intstr.FromString("redis")))
	if in.CacheTLS.Plain {
		spec.WithPorts(corev1ac.ServicePort().
			WithName("redis-plain").
			WithPort(cachePlainPort).
			WithTargetPort(intstr.FromInt32(cachePlainPort)))
	}
	return corev1ac.Service(NamesOf(in.Realm).Cache(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, cache)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(spec)
}
