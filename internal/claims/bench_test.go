// SPDX-License-Identifier: Apache-2.0

package claims_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func BenchmarkEvaluate(b *testing.B) {
	for name, expression := range map[string]string{
		"a role from a group":        `'ops' in groups ? 'Admin' : 'Viewer'`,
		"a tenant from the address":  `user.email.split('@')[1].lowerAscii()`,
		"groups with a prefix":       `groups.map(g, 'realm:' + g)`,
		"a provider's id":            `identities.filter(i, i.provider == 'google').map(i, i.subject)[?0]`,
		"a constant, for comparison": `'a'`,
	} {
		b.Run(name, func(b *testing.B) {
			set, about := compile(b, expression), ann()
			b.ReportAllocs()
			for b.Loop() {
				if all, leftOut := set.Evaluate(about); len(all) != 1 || len(leftOut) > 0 {
					b.Fatal(leftOut)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	l := language(b)
	for b.Loop() {
		if _, err := l.Compile([]realmconfig.Claim{{Name: "a", Expression: `'ops' in groups ? 'Admin' : 'Viewer'`}}); err != nil {
			b.Fatal(err)
		}
	}
}
