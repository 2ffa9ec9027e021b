// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func FuzzConfigure(f *testing.F) {
	for _, url := range []string{
		"postgres://app:hunter2@db:5432/app", "postgresql://app:hunter2@a,b:1/app?target_session_attrs=read-write",
		"postgres:///app?host=a&password=hunter2", "postgres://app:hunter2@[::1/app", "postgres://a:hunter2@h?sslmode=verify-full&sslmode=x",
		"postgres://u:hunter2:x@h:port/d", "postgres://u@h/d?connect_timeout=hunter2", "postgres://u@h/d?pool_max_conns=hunter2",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		_, err := configure(realmconfig.Place{URL: realmconfig.Credential(url)})
		if err != nil && strings.Contains(url, "hunter2") && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes the URL: %v", err)
		}
	})
}
