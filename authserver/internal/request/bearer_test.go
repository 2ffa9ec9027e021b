// SPDX-License-Identifier: Apache-2.0

package request

import (
	"strings"
	"testing"
)

func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"Bearer abc", "bearer  a.b-c_d~+/==", "Basic eA==", "Bearer", "Bearer ", "Bearer a b", "Bearer é", "DPoP abc", "dpop a,b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, scheme, err := parseAuthorization(header)
		if err != nil {
			return
		}
		if token == "" || !strings.EqualFold(strings.Split(header, " ")[0], string(scheme)) || strings.ContainsAny(string(token), " \t\r\n,\"") || !strings.HasSuffix(header, string(token)) {
			t.Errorf("read %q out of %q", string(token), header)
		}
	})
}
