// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/credentialplugin"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// The plugin signs people in by a code that they type elsewhere, at a certified provider.
func TestAPluginSignsPeopleInOnAnotherDevice(t *testing.T) {
	t.Parallel()
	const clientID = "kubectl"
	issuer, authority := startOIDCProvider(t, map[string]any{
		"client_id": clientID, "token_endpoint_auth_method": "none", "application_type": "native", "redirect_uris": []string{}, "response_types": []string{},
		"grant_types": []string{"urn:ietf:params:oauth:grant-type:device_code"},
	})
	client, err := credentialplugin.NewHTTP([]byte(authority))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(authority))
	told := &strings.Builder{}
	p := credentialplugin.Plugin{
		Issuer: issuer, ClientID: clientID, Scopes: []string{"openid", "email"}, Device: true, Dir: t.TempDir(), HTTP: client, Now: time.Now,
		Tell: teller(func(text string) {
			told.WriteString(text)
			asked := regexp.MustCompile(`(?s)  (https://\S+)\n.* type the code (\S+)\n`).FindStringSubmatch(text)
			if asked == nil {
				return
			}
			v := newVisitor(t, roots)
			v.open(asked[1])
			v.submit("/device", map[string]string{"user_code": asked[2]})
			v.submit("/device", nil) // yes, that is the code
			v.submit("", map[string]string{"login": "ann", "password": "whatever"})
			v.submit("", nil) // yes, it may know of her
			if !strings.Contains(v.body, "Sign-in Success") {
				t.Errorf("is at %s:\n%s", v.at, v.body)
			}
		}),
	}
	if err := p.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := "Signed in at " + issuer + " as ann"; !strings.Contains(told.String(), want) {
		t.Errorf("the plugin says %s", told)
	}
	c, err := p.Token(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	said := jwt.RegisteredClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(string(c.Token), &said); err != nil || said.Subject != "ann" || said.Issuer != issuer {
		t.Errorf("the ID token is of %+v, %v", said, err)
	}
}

// The plugin signs people in by a code that they type elsewhere, at a realm, and goes on by
// refreshes.
func TestAPluginSignsPeopleInOnAnotherDeviceAtARealm(t *testing.T) {
	t.Parallel()
	c := kubectlClient(t)
	c.GrantTypes = append(c.GrantTypes, realmconfig.DeviceCodeGrant)
	r := newRealm(t, c)
	p := r.newPlugin(c, func(p *plugin) {
		p.Device, p.Browse = true, func(string) error { t.Error("a browser is opened"); return errors.New("there is none") }
		p.Tell = teller(func(text string) {
			if code := shownCode.FindString(text); code != "" {
				r.typesCode(code)
			}
		})
	})
	p.goesOn(t.Context())
}

// teller hears what people are told.
type teller func(text string)

func (f teller) Write(text []byte) (int, error) { f(string(text)); return len(text), nil }

// startOIDCProvider serves oidc-provider with a client, until the test ends.
func startOIDCProvider(t *testing.T, client map[string]any) (issuer, authority string) {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := realmfolder.NewCertificate(time.Now().Add(24 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	description, err := json.Marshal(map[string]any{
		"issuer": "https://" + address, "port": port, "certificate": certificate, "key": key, "clients": []any{client}, "claims": map[string]any{"email": userEmail},
	})
	if err != nil {
		t.Fatal(err)
	}
	testenv.NewNode(t).Serve(testenv.Program{
		Argv: []string{"provider.mjs"}, Address: address, Files: map[string]string{"provider.json": string(description)},
	})
	return "https://" + address, certificate
}
