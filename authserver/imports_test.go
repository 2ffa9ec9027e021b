// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"os/exec"
	"strings"
	"testing"
)

const (
	module   = "github.com/realmkeeper/realmkeeper"
	internal = module + "/authserver/internal/"
)

// The layers are a promise: a pod never talks to Kubernetes, the rules know no
// driver, and an adapter can be replaced without looking at the others.
func TestImportsKeepToTheirLayer(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]struct {
		of        string
		forbidden []string
	}{
		"the server": {module + "/cmd/authserver",
			[]string{"k8s.io/", "sigs.k8s.io/", module + "/api", module + "/controllers"}},
		"the contract":     {module + "/authserver/realmconfig", []string{"github.com/", "golang.org/", module + "/authserver/internal"}},
		"the rules":        {internal + "auth", []string{"net/http", "github.com/jackc/", "github.com/redis/", "github.com/golang-jwt/"}},
		"the engine":       {internal + "password", []string{internal + "auth", "net/http"}},
		"PostgreSQL":       {internal + "postgres", []string{internal + "redis", internal + "token", internal + "httpapi", internal + "live"}},
		"Redis":            {internal + "redis", []string{internal + "postgres", internal + "token", internal + "httpapi", internal + "live"}},
		"the tokens":       {internal + "token", []string{internal + "postgres", internal + "redis", internal + "httpapi", internal + "live"}},
		"the HTTP surface": {internal + "httpapi", []string{internal + "postgres", internal + "redis", internal + "token", internal + "live"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", rule.of).Output()
			if err != nil {
				t.Fatalf("list imports: %v", err)
			}
			for path := range strings.Lines(string(out)) {
				path = strings.TrimSpace(path)
				for _, forbidden := range rule.forbidden {
					if strings.HasPrefix(path, forbidden) && path != rule.of {
						t.Errorf("%s imports %s", rule.of, path)
					}
				}
			}
		})
	}
}
