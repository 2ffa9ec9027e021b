// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestAuthlib(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	r := newRealm(t, c)
	testenv.ServePython(t, r.program(c, "authlib_application.py"))
	r.signsInAndOut(c)
}
