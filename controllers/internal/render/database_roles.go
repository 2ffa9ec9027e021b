// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	_ "embed"
	"fmt"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// databaseRole owns everything. A realm begins with it as its login, too;
	// from the first rotation on, two others take turns to log in and act as it. The
	// last one does after the Secret was lost that said who does.
	databaseRole  = "realmkeeper"
	firstRole     = "realmkeeper_a"
	secondRole    = "realmkeeper_b"
	roleAfterLoss = "realmkeeper_c"

	rolesKey    = "roles.sql"
	rolesFolder = "/etc/database"

	socketFolder = "/var/run/postgresql"
)

func databaseRoles() []string {
	return []string{databaseRole, firstRole, secondRole, roleAfterLoss}
}

// applyRoles runs beside PostgreSQL for as long as it does.
//
//go:embed database_roles.sh
var applyRoles string

// rolesSQL lets those roles log in that the login names, and nobody else, unless an
// earlier login was lost.
func rolesSQL(l StoreLogin) string {
	passwords := map[string]string{l.User: l.Password}
	if l.Earlier != nil {
		passwords[l.Earlier.User] = l.Earlier.Password
	}
	var sql strings.Builder
	for _, role := range databaseRoles() {
		fmt.Fprintf(&sql, "DO $$ BEGIN CREATE ROLE %s; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n", role)
		if role != databaseRole {
			fmt.Fprintf(&sql, "GRANT %s TO %s;\nALTER ROLE %s SET role = '%s';\n", databaseRole, role, role, databaseRole)
		}
		if password, used := passwords[role]; used {
			fmt.Fprintf(&sql, "ALTER ROLE %s LOGIN PASSWORD '%s';\n", role, password)
		} else if !l.Lost {
			fmt.Fprintf(&sql, "ALTER ROLE %s NOLOGIN PASSWORD NULL;\n", role)
		}
	}
	// Pods have left these connections; whoever else has one loses it.
	sql.WriteString("SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid" +
		" WHERE NOT r.rolcanlogin AND a.state = 'idle' AND a.state_change < now() - interval '5 seconds';\n")
	return sql.String()
}

// DatabaseRevision names what a managed database's pod is to have applied.
func DatabaseRevision(in Inputs) string { return realmconfig.Revision(databaseSQL(in)) }

// rolesContainer applies the roles to PostgreSQL over its local socket. Nothing
// of the operator's ever connects to the database.
func rolesContainer(in Inputs, spec v1alpha1.ManagedDatabase) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName("roles").
		WithImage(cmp.Or(spec.Image, in.Images.Postgres)).
		WithCommand("sh", "-c", applyRoles).
		WithEnv(
			corev1ac.EnvVar().WithName("FOLDER").WithValue(rolesFolder),
			corev1ac.EnvVar().WithName("PGHOST").WithValue(socketFolder),
			corev1ac.EnvVar().WithName("PGUSER").WithValue("postgres"),
			corev1ac.EnvVar().WithName("PGDATABASE").WithValue("postgres")).
		WithResources(sidecarResources(spec.SidecarResources)).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(mount("socket", socketFolder), mount("roles", rolesFolder).WithReadOnly(true))
}

func rolesVolume(in Inputs) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName("roles").WithSecret(corev1ac.SecretVolumeSource().
		WithSecretName(NamesOf(in.Realm).Database()).
		WithDefaultMode(secretFileMode).
		WithItems(corev1ac.KeyToPath().WithKey(rolesKey).WithPath(rolesKey)))
}
