// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// Auth.js keeps its own session, which it neither refreshes nor ends at the provider.
func TestAuthExpress(t *testing.T) {
	t.Parallel()
	c := newClient(t, at("/auth/callback/realm"))
	r := newRealm(t, c)
	testenv.NewNode(t).Serve(r.program(c, "auth-express.mjs"))
	v := r.newVisitor()
	v.open(c.origin + "/auth/signin?callbackUrl=/")
	v.submit("/auth/signin/realm", nil)
	v.signsIn()
	v.isAt(c.origin+"/", http.StatusOK)
	decode[claims](v).isAnn(t, r, "platform", "shop")
	v.open(c.origin + "/auth/signout")
	v.submit("/auth/signout", nil)
	v.open(c.origin + "/")
	v.isAt(c.origin+"/", http.StatusUnauthorized)
}
