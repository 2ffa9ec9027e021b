// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	cacheUser     = "default"
	cacheUsersKey = "users.acl"
	cacheFolder   = "/etc/redis"

	// cacheRunFolder is what the containers of the pod share: a socket, and the users
	// as Redis reads them.
	cacheRunFolder = "/run/redis"
)

// writeUsers is the function that both scripts below begin with.
//
//go:embed cache_user_file.sh
var writeUsers string

// startCache starts Redis.
//
//go:embed cache_start.sh
var startCache string

// applyUsers runs beside Redis for as long as it does.
//
//go:embed cache_users.sh
var applyUsers string

// cacheUsers is Redis' file of users: its one user with every password that pods
// log in with.
func cacheUsers(l StoreLogin) []byte {
	line := strings.Builder{}
	fmt.Fprintf(&line, "user %s on", cacheUser)
	for _, password := range l.passwords() {
		fmt.Fprintf(&line, " #%x", sha256.Sum256([]byte(password)))
	}
	line.WriteString(" ~* &* +@all\n")
	return []byte(line.String())
}

// passwords are those that are valid, the newest first.
func (l StoreLogin) passwords() []string {
	if l.Earlier == nil {
		return []string{l.Password}
	}
	return []string{l.Password, l.Earlier.Password}
}

// CacheRevision names what a managed cache's pod is to have loaded.
func CacheRevision(in Inputs) string {
	data := CacheSecret(in).Data
	loaded := []byte{}
	for _, key := range []string{cacheUsersKey, corev1.TLSCertKey, corev1.TLSPrivateKeyKey, cacheConfigKey} {
		loaded = append(append(loaded, data[key]...), 0)
	}
	return realmconfig.Revision(loaded)
}

// usersContainer has Redis follow what the operator writes. It talks to it over a local
// socket; nothing of the operator's ever connects to the cache.
func usersContainer(image string, spec v1alpha1.ManagedCache) *corev1ac.ContainerApplyConfiguration {
	return cacheContainer("users", image, applyUsers).
		WithResources(sidecarResources(spec.SidecarResources))
}

// cacheContainer is a container of the cache's pod that runs a script.
func cacheContainer(name, image, script string) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName(name).
		WithImage(image).
		WithCommand("sh", "-c", writeUsers+script).
		WithEnv(
			corev1ac.EnvVar().WithName("FOLDER").WithValue(cacheFolder),
			corev1ac.EnvVar().WithName("RUN").WithValue(cacheRunFolder),
			corev1ac.EnvVar().WithName("WRITER").WithValue(name),
			corev1ac.EnvVar().WithName("PORT").WithValue(strconv.Itoa(cachePlainPort))).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(mount("config", cacheFolder).WithReadOnly(true), mount("run", cacheRunFolder))
}
