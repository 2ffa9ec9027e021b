// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// side is a kind, and the document in which the auth server reads it.
type side struct {
	spec     map[string]any
	settings map[string]setting
	// within is the place of the kind in the document, and document what that says when
	// the kind says no more than spec.
	within   string
	document map[string]any
	decode   func([]byte) error
}

func sides(t *testing.T) map[string]side {
	t.Helper()
	config := func(document []byte) error { return realmconfig.Decode(document, &realmconfig.Config{}) }
	return map[string]side{
		"AuthRealm":     {fields(t, asking), realmSettings(), "", document(t), config},
		"OAuthProvider": {fields(t, googleProvider), providerSettings(), "providers[0].", document(t), config},
		"OAuthClient": {fields(t, webClient), clientSettings(), "", clientDocument(t),
			func(document []byte) error { return realmconfig.Decode(document, &realmconfig.Client{}) }},
	}
}

// clientSettings are such fields of an OAuthClient's spec.
func clientSettings() map[string]setting {
	const translated = "said in the words of the protocol in the document, which render knows"
	return map[string]setting{
		"realmRef.name":            {not: "the realm, whose settings these are"},
		"realmRef.namespace":       {not: "the realm, whose settings these are"},
		"grantTypes[]":             {not: translated},
		"tokenEndpointAuthMethod":  {not: translated},
		"jwks":                     {not: "a document of its own, with another method than the client here has"},
		"jwksURI":                  {not: "for another method than the client here has"},
		"personalAccessTokens":     {absent: string(realmconfig.PersonalAccessTokensRefused)},
		"serviceAccounts":          {not: "for another method than the client here has"},
		"examples":                 {not: byExamples},
		"secret.name":              {not: bySecrets},
		"secret.keys{}":            {not: bySecrets},
		"secret.labels{}":          {not: bySecrets},
		"secret.annotations{}":     {not: bySecrets},
		"secret.rotateAfter":       {not: bySecrets},
		"secret.rotation.interval": {not: bySecrets},
		"secret.rotation.overlap":  {not: bySecrets},
	}
}

const webClient = "{realmRef: {name: realm}, redirectURIs: ['https://app.example.com/callback']}"

// clientDocument is what the auth server is told of such a client.
func clientDocument(t *testing.T) map[string]any {
	t.Helper()
	client := realmconfig.DefaultClient()
	client.ID, client.DisplayName, client.Since = "default.realm", "realm", time.Unix(0, 0).UTC()
	client.RedirectURIs = []string{"https://app.example.com/callback"}
	client.Secrets = []realmconfig.ClientSecret{{ID: "a", SHA256: realmconfig.DigestSecret("a")}}
	encoded, err := realmconfig.Encode(client)
	if err != nil {
		t.Fatal(err)
	}
	return fields(t, string(encoded))
}

func (d side) standsInTheDocument(t *testing.T, s setting) {
	t.Helper()
	encoded, err := json.Marshal(withValue(d.document, s.in, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.decode(encoded); err != nil && strings.Contains(err.Error(), "unknown field") {
		t.Errorf("the settings document has no %s (%v): say in a row where the field stands there, or that it does not", s.in, err)
	}
}

// saysItsDefault wants the description to tell the default of a number, a
// duration, a word of a few, and of what is on.
func (d side) saysItsDefault(t *testing.T, s setting, f field) {
	t.Helper()
	otherwise := s.absent
	switch value, found := at(d.document, s.in); {
	case otherwise == always, otherwise == "" && (!found || f.kind == "" || value == false):
		return
	case otherwise == "":
		otherwise = plain(value)
	}
	words := regexp.MustCompile(`(^|[\s:])` + regexp.QuoteMeta(otherwise) + `[^.;]*? when absent|when absent ` + regexp.QuoteMeta(otherwise) + `\b`)
	if !words.MatchString(f.description) {
		t.Errorf("when absent it is %s, and the description says\n%s", otherwise, f.description)
	}
}

// refusedByServer is what the auth server has against this field of its document.
func (d side) refusedByServer(t *testing.T, path string, value any) error {
	t.Helper()
	encoded, err := json.Marshal(withValue(d.document, path, value))
	if err != nil {
		t.Fatal(err)
	}
	err = d.decode(encoded)
	if err != nil && strings.Contains(err.Error(), place(path)+": ") {
		return err
	}
	return nil
}
