// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// npm's openid-client is certified by the OpenID Foundation.
func TestOpenIDClient(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	r := newRealm(t, c)
	testenv.NewNode(t).Serve(r.program(c, "openid-client.mjs"))
	r.signsInAndOut(c)
}
