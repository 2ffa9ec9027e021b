// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/installation"
)

// gate keeps the reconciler from realms that are another installation's, and says so of
// each: nothing of what it would do for them is done.
func (r *reconciler) gate() reconcile.Reconciler {
	return &installation.Gate{
		Rivals: r.rivals, Next: r, Object: &v1alpha1.AuthRealm{}, Reader: r.Client,
		Tell: func(realm client.Object, to types.NamespacedName) {
			r.events.Warning(realm, eventStandsBack, conditions.ActionObserve,
				"The operator in namespace %q does nothing for this realm, since that of Lease %q in namespace %q is in charge; uninstall one of the two",
				r.operatorNamespace, to.Name, to.Namespace)
		},
	}
}

// gatherInstallations looks for installations that leave the realm to this one.
func (r *reconciler) gatherInstallations(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) (err error) {
	s.standingBack, err = r.rivals.StandingBack(ctx, realm.Namespace)
	return err
}

// installationAdvice tells of installations that stand back.
func installationAdvice(leases []types.NamespacedName) string {
	if len(leases) == 0 {
		return ""
	}
	var namespaces []string
	for _, lease := range leases {
		namespaces = append(namespaces, fmt.Sprintf("%q", lease.Namespace))
	}
	return fmt.Sprintf(". Another operator, in namespace %s, stands back from this realm while this one works; uninstall one of them", strings.Join(namespaces, " and "))
}

// wakeAll asks for a pass over every realm.
func (r *reconciler) wakeAll(wake chan<- event.GenericEvent) func(context.Context) error {
	return func(ctx context.Context) error {
		var realms v1alpha1.AuthRealmList
		if err := r.List(ctx, &realms); err != nil {
			return fmt.Errorf("list realms: %w", err)
		}
		for i := range realms.Items {
			select {
			case wake <- event.GenericEvent{Object: &realms.Items[i]}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
}
