// SPDX-License-Identifier: Apache-2.0

package secrets_test

import (
	"fmt"
	"testing"

	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

func TestWhatKeysAreLacking(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 20 {
		many[fmt.Sprintf("k%02d", i)] = "x"
	}
	for name, c := range map[string]struct {
		data   map[string]string
		wanted []string
		want   string
	}{
		"nothing":                   {map[string]string{"uri": "x"}, []string{"uri"}, ""},
		"one, by another name":      {map[string]string{"url": "x"}, []string{"uri"}, `has no key "uri", but key "url"`},
		"one of many":               {many, []string{"uri"}, `has no key "uri", but keys "k00", "k01", "k02", "k03", "k04", "k05", "k06" and "k07", and 12 more`},
		"all, of an empty one":      {nil, []string{"tls.crt", "tls.key"}, `has no keys "tls.crt" or "tls.key", nor any other`},
		"a value":                   {map[string]string{"uri": ""}, []string{"uri"}, `has nothing in key "uri"`},
		"one, and the value of one": {map[string]string{"tls.crt": ""}, []string{"tls.crt", "tls.key"}, `has no key "tls.key", but key "tls.crt" and has nothing in key "tls.crt"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := secrets.Lacking(c.data, c.wanted...); got != c.want {
				t.Errorf("it %s; want %s", got, c.want)
			}
		})
	}
}
