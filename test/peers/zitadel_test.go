// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// zitadel/oidc sends no nonce, and refreshes with its secret in the body whatever it is told.
func TestZitadelsRelyingParty(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(c *client) { c.TokenEndpointAuthMethod = realmconfig.ClientSecretPost })
	r := newRealm(t, c)
	testenv.ServeGo(t, "peers-go.sh", r.program(c, "zitadel"))
	r.signsInAndOut(c)
}
