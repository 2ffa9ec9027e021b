// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

const (
	cachePort      = 6379
	cacheConfigKey = "redis.conf"
)

// CacheSecret is what the managed Redis and its clients read.
func CacheSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	data := in.Cache.data()
	data[defaultURLKey] = ManagedCacheURL(in)
	data[cacheConfigKey] = []byte(cacheConfig(in.Realm))
	data[cacheUsersKey] = cacheUsers(in.Cache)
	data[cachePasswordsKey] = []byte(strings.Join(in.Cache.passwords(), "\n") + "\n")
	return secret(in.Realm, NamesOf(in.Realm).Cache(), cache, data).WithOwnerReferences(owner(in.Realm))
}

// ManagedCacheURL is where pods find the managed Redis.
func ManagedCacheURL(in Inputs) []byte {
	uri := url.URL{
		Scheme: "redis",
		User:   url.UserPassword(in.Cache.User, in.Cache.Password),
		Host:   fmt.Sprintf("%s:%d", NamesOf(in.Realm).Cache(), cachePort),
		Path:   "0",
	}
	return []byte(uri.String())
}

// cacheConfig is redis.conf. Nothing is written to disk: what Redis forgets,
// PostgreSQL remembers. For the same reason a full cache drops what would have
// expired soonest, which costs a look-up, instead of refusing writes, which
// would cost logins.
func cacheConfig(realm *v1alpha1.AuthRealm) string {
	return strings.Join([]string{
		"bind * -::*",
		fmt.Sprintf("port %d", cachePort),
		"protected-mode yes",
		"aclfile " + cacheFolder + "/" + cacheUsersKey,
		`save ""`,
		"appendonly no",
		fmt.Sprintf("maxmemory %d", cacheMemory(realm)),
		"maxmemory-policy volatile-ttl",
		"",
	}, "\n")
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
	return corev1ac.Service(NamesOf(in.Realm).Cache(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, cache)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(corev1ac.ServiceSpec().
			WithSelector(selector(in.Realm, cache)).
			WithPorts(corev1ac.ServicePort().
				WithName("redis").
				WithPort(cachePort).
				WithTargetPort(intstr.FromString("redis"))))
}
