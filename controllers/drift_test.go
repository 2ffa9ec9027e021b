// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// Whoever changes an object under the operator's own name, or takes from it what says whose
// it is, changes nothing for long: while the operator runs, and while it is away.
func TestWhatIsChangedUnderTheOperatorsNameIsRestored(t *testing.T) {
	t.Parallel()
	w := settledRealm(t)
	spoilings := map[string]func(client.Object) string{
		"what it is": spoiled,
		"its labels": func(client.Object) string { return `{"metadata": {"labels": null}}` },
		"its owners": func(client.Object) string { return `{"metadata": {"ownerReferences": null}}` },
	}
	for what, patch := range spoilings {
		before := map[string]string{}
		spoil := func() {
			for child, o := range everyChild() {
				w.get(o, nameIn(child))
				if what == "its labels" && len(o.GetOwnerReferences()) == 0 {
					continue // which would be nobody's
				}
				before[child] = content(t, o)
				if err := w.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(patch(o))), client.FieldOwner(ownership.FieldOwner)); err != nil {
					t.Fatal(err)
				}
			}
		}
		restored := func(context.Context) error {
			for _, child := range slices.Sorted(maps.Keys(before)) {
				o := everyChild()[child]
				w.get(o, nameIn(child))
				if after := content(t, o); after != before[child] {
					return fmt.Errorf("%s of %s is\n%s\nand was\n%s", what, child, after, before[child])
				}
			}
			return nil
		}
		spoil()
		eventually.Succeeds(t, restored)
		w.settle()
		w.restarted(spoil)
		eventually.Succeeds(t, restored)
	}
}
