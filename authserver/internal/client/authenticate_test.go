// SPDX-License-Identifier: Apache-2.0

package client

import (
	"errors"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Whoever has registered itself is a public client, so that the Store, which there is none of
// here, need not be asked for one that shows anything.
func TestAClientThatHasRegisteredItselfShowsNothing(t *testing.T) {
	t.Parallel()
	realm := auth.Realm{Settings: func() realmconfig.Config {
		return realmconfig.Config{Clients: realmconfig.Clients{Registration: &realmconfig.ClientRegistration{}}}
	}}
	for _, method := range []realmconfig.AuthMethod{realmconfig.ClientSecretBasic, realmconfig.ClientSecretPost} {
		_, err := (&Service{Realm: realm}).Authenticate(t.Context(), Credentials{
			ClientID: realmconfig.RegisteredPrefix + "01938b1e-7a1c-7c3a-9d3f-0123456789ab", Method: method, Secret: "secret",
		})
		if refusal := (*InvalidClient)(nil); !errors.As(err, &refusal) {
			t.Errorf("with %s it is answered with %v", method, err)
		}
	}
}
