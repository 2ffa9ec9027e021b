// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	cacheUser         = "default"
	cacheUsersKey     = "users.acl"
	cachePasswordsKey = "passwords"
	cacheFolder       = "/etc/redis"
)

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
func CacheRevision(in Inputs) string { return realmconfig.Revision(cacheUsers(in.Cache)) }

// usersContainer tells Redis to read its users again when they have changed.
func usersContainer(image string) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName("users").
		WithImage(image).
		WithCommand("sh", "-c", applyUsers).
		WithEnv(
			corev1ac.EnvVar().WithName("FOLDER").WithValue(cacheFolder),
			corev1ac.EnvVar().WithName("PORT").WithValue(strconv.Itoa(cachePort))).
		WithResources(resources(defaultResources("5m", "16Mi", "64Mi"))).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(mount("config", cacheFolder).WithReadOnly(true))
}
