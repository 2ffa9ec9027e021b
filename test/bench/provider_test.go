// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const providerName = "bench"

// provider is one at an issuer that asks nobody.
func provider(issuer string) realmconfig.Provider {
	return realmconfig.Provider{
		Name: providerName, DisplayName: "Bench", Type: realmconfig.OIDC, ClientID: "realm", Issuer: issuer,
		Scopes: []string{"openid", "email"}, SignUp: true, AllowPrivateNetworks: true,
	}
}

// signInElsewhere is both requests of a sign-in through the provider, the one
// that leads there and the callback. A subject's first time makes an account,
// later ones log in.
func (w *world) signInElsewhere(ctx context.Context) (int, error) {
	departure, err := w.do(ctx, http.MethodGet, "/api/auth/oauth/"+providerName, "", nil, nil)
	if err != nil || departure.StatusCode != http.StatusFound {
		return statusOf(departure), err
	}
	to, err := url.Parse(departure.Header.Get("Location"))
	if err != nil {
		return 0, err
	}
	subject := fmt.Sprintf("%06d", w.next.Add(1)%users)
	back := url.Values{"state": {to.Query().Get("state")}, "code": {testenv.IssuerCode(subject, to.Query().Get("nonce"))}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+realmfolder.IssuerHost+"/api/auth/oauth/callback?"+back.Encode(), nil)
	if err != nil {
		return 0, err
	}
	for _, c := range departure.Cookies() {
		request.AddCookie(c)
	}
	response, err := w.send(request, nil)
	return statusOf(response), err
}
