// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

func TestStorePorts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url  string
		want []int
	}{
		"a database at the usual port":       {"postgresql://app:pw@db.example.com/app", []int{5432}},
		"a database at another":              {"postgres://app:p%40w@db.example.com:6432/app?sslmode=require", []int{5432, 6432}},
		"a database of several hosts":        {"postgres://app@a:5433,b:5434,c/app", []int{5432, 5433, 5434}},
		"a database on an IPv6 address":      {"postgres://app@[2001:db8::1]:5433/app", []int{5432, 5433}},
		"a cache at the usual port":          {"rediss://:pw@cache.example.com", []int{6379}},
		"a cache behind Sentinels":           {"redis+sentinel://a:26379,b:26379/0?master=m", []int{6379, 26379, 26379}},
		"a cache with two signs in the user": {"redis://user:a@b@cache:6380", []int{6379, 6380}},
		"nothing that can be read":           {"cache:x", []int{6379}},
	} {
		if got := render.StorePorts(c.url); !slices.Equal(got, c.want) {
			t.Errorf("%s: ports are %v, want %v", name, got, c.want)
		}
	}
}
