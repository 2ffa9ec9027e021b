// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"cmp"
	"context"
	"fmt"
	"path"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// settingsState is what pods shall run of the settings: those of the spec or,
// where no auth server would take them, the last ones that were good.
type settingsState struct {
	config   realmconfig.Config
	revision string

	// failure says what is wrong with the spec's settings; absent is set when
	// there are no earlier ones either.
	failure *conditions.Failure
	absent  bool
}

// gatherSettings comes last, since providers are among the settings. Settings
// that cannot be used keep back themselves alone: certificates are renewed and
// passwords change all the same.
func (r *reconciler) gatherSettings(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	s.settings.config = render.Config(s.inputs)
	problem := cmp.Or(render.HostProblem(realm), render.Problem(s.settings.config))
	if problem == nil {
		_, s.settings.revision, problem = render.ConfigDocument(s.inputs)
	}
	if s.settings.failure == nil {
		s.settings.failure = cmp.Or(r.policy.RefusePrivateNetworks(render.PrivateNetworksAsked(realm)...), invalidSettings(problem))
	}
	if s.settings.failure == nil {
		return nil
	}
	s.inputs.WithoutConfig = true
	failure, err := s.classify(r.lastGoodSettings(ctx, realm, &s.settings))
	if failure != nil {
		s.settings.failure = failure // what pods run, nobody knows
	}
	return err
}

// invalidSettings is a failure when an auth server would refuse its settings.
func invalidSettings(problem error) *conditions.Failure {
	if problem == nil {
		return nil
	}
	return conditions.NewFailure(v1alpha1.ReasonInvalidSettings, "The settings cannot be used: %s", conditions.OneLine(problem))
}

// lastGoodSettings reads what the pods were given before. It reads past the
// cache: a pod must not be taken for one that lags.
func (r *reconciler) lastGoodSettings(ctx context.Context, realm *v1alpha1.AuthRealm, settings *settingsState) error {
	var before corev1.ConfigMap
	settings.revision = ""
	name := render.NamesOf(realm).Config()
	err := r.live.Get(ctx, types.NamespacedName{Namespace: realm.Namespace, Name: name}, &before)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("get settings %s: %w", name, err)
	}
	document := []byte(before.Data[path.Base(realmconfig.ConfigFile)])
	var last realmconfig.Config // a new one: what is read into one in use mixes with it
	if err != nil || !ownership.Belongs(realm, &before) || realmconfig.Decode(document, &last) != nil {
		settings.absent = true
		return nil
	}
	settings.config = last
	settings.revision = realmconfig.Revision(document)
	return nil
}
