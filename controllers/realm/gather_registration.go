// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"maps"
	"slices"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// registrationState is what is known of the Secret with the tokens by which clients are
// registered.
type registrationState struct {
	named   bool
	failure *conditions.Failure
}

// gatherRegistration reads the tokens. Without them nobody registers a client, and those that
// there are go on; while they cannot be read, the last ones are good.
func (r *reconciler) gatherRegistration(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	name := render.InitialAccessTokens(realm)
	if name == "" {
		return nil
	}
	s.registration.named = true
	data, err := r.references.Data(ctx, realm.Namespace, render.InitialAccessTokensField, name)
	var bad *conditions.Failure
	if err == nil {
		s.inputs.InitialAccessTokens, bad = initialAccessTokens(name, data)
	}
	if s.registration.failure, err = s.classify(err); err != nil {
		return err
	}
	if s.registration.failure != nil && s.registration.failure.Reason == v1alpha1.ReasonFailed {
		return r.keepInitialAccessTokens(ctx, realm, s)
	}
	if bad != nil {
		s.registration.failure = bad
	}
	return nil
}

// initialAccessTokens are the digests of those that can be ones, each once, in an order that
// tells nothing of whose they are; and why others cannot.
func initialAccessTokens(secret string, data map[string][]byte) ([]realmconfig.SecretDigest, *conditions.Failure) {
	var digests []realmconfig.SecretDigest
	var failures []*conditions.Failure
	refuse := func(format string, args ...any) {
		failures = append(failures, conditions.NewFailure(v1alpha1.ReasonInvalidSecret, render.InitialAccessTokensField+": "+format, args...))
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		token := string(realmconfig.NewCredential(data[key]))
		if !realmconfig.IsInitialAccessToken(token) {
			refuse("key %q of Secret %q must hold %d to %d letters, digits and any of -._~+/=, such as openssl rand -hex 32 prints",
				key, secret, realmconfig.MinInitialAccessTokenLen, realmconfig.MaxInitialAccessTokenLen)
			continue
		}
		digests = append(digests, realmconfig.DigestSecret(token))
	}
	slices.SortFunc(digests, func(a, b realmconfig.SecretDigest) int { return slices.Compare(a[:], b[:]) })
	digests = slices.Compact(digests)
	if len(data) == 0 {
		refuse("Secret %q has no key; add one with a token", secret)
	}
	if most := realmconfig.MaxInitialAccessTokens; len(digests) > most {
		refuse("Secret %q has more than %d tokens; take away those that nobody needs", secret, most)
		digests = nil // taking only the first ones would leave somebody wondering which
	}
	return digests, conditions.Join(failures)
}

func (r *reconciler) keepInitialAccessTokens(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) (err error) {
	var last settingsState
	// Without the last tokens, the settings would lose them.
	if s.settings.failure, err = s.classify(r.lastGoodSettings(ctx, realm, &last)); err != nil {
		return err
	}
	if before := last.config.Clients.Registration; before != nil {
		s.inputs.InitialAccessTokens = before.InitialAccessTokens
	}
	return nil
}
