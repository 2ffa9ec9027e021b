// SPDX-License-Identifier: Apache-2.0

package request

import (
	"strings"
	"testing"
)

func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"Bearer abc", "bearer  a.b-c_d~+/==", "Basic eA==", "Bearer", "Bearer ", "Bearer a b", "Bearer é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := parseBearer(header)
		if err != nil {
			return
		}
		if token == "" || strings.ContainsAny(string(token), " \t\r\n,\"") || !strings.HasSuffix(header, string(token)) {
			t.Errorf("read %q out of %q", string(token), header)
		}
	})
}
