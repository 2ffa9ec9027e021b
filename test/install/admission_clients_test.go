// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const oauthClient = "realmRef: {name: shop}\nredirectURIs: ['https://shop.example/callback']\n"

// Whoever may not create Secrets has none made of a name, or with keys, of their choice.
func TestSecretsOfClientsAreMadeForThoseWhoMay(t *testing.T) {
	t.Parallel()
	g := guard(t)
	const named, keyed = oauthClient + "secret: {name: smtp}", oauthClient + "secret: {keys: {password: x}}"
	const labelled, annotated = oauthClient + "secret: {labels: {argocd.argoproj.io/secret-type: cluster}}", oauthClient + "secret: {annotations: {example.com/copy: all}}"
	eventually.Succeeds(t, func(ctx context.Context) error {
		if err := g.editor.Create(ctx, g.object(t, "OAuthClient", named), client.DryRunAll); !apierrors.IsForbidden(err) {
			return fmt.Errorf("nobody refuses it: %w", err)
		}
		return nil
	})
	words := []string{"denied request: secret", "system:serviceaccount:" + g.namespace + ":" + editor, "may not create Secret"}
	wantRefused(t, "a name", g.editor.Create(t.Context(), g.object(t, "OAuthClient", named), client.DryRunAll), append(words, `"smtp"`)...)
	wantRefused(t, "keys", g.editor.Create(t.Context(), g.object(t, "OAuthClient", keyed), client.DryRunAll), append(words, `"shop-oauth-client"`)...)
	wantRefused(t, "labels", g.editor.Create(t.Context(), g.object(t, "OAuthClient", labelled), client.DryRunAll), append(words, `"shop-oauth-client"`)...)
	wantRefused(t, "annotations", g.editor.Create(t.Context(), g.object(t, "OAuthClient", annotated), client.DryRunAll), append(words, `"shop-oauth-client"`)...)
	wantRefused(t, "another name", g.change(t, "OAuthClient", oauthClient, named), words...)
	for what, spec := range map[string]string{
		"no word of it": oauthClient, "rotation alone": oauthClient + "secret: {rotation: {interval: 720h}}", "a page": oauthClient + "type: Public",
	} {
		wantTaken(t, what, g.editor.Create(t.Context(), g.object(t, "OAuthClient", spec), client.DryRunAll))
	}
	wantTaken(t, "a name, of somebody who may create Secrets", g.admin.Create(t.Context(), g.object(t, "OAuthClient", named), client.DryRunAll))
	wantTaken(t, "a name as it was", g.change(t, "OAuthClient", named, named+"\ndisplayName: Shop"))
	wantTaken(t, "a name that is taken away", g.change(t, "OAuthClient", named, oauthClient))
}
