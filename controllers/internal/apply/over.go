// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"cmp"
	"context"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Over makes an object what it should be, and only over the version that was read of it,
// "" where there was none: nothing is taken over that has come meanwhile. The object becomes
// what the API server answered. The error is conditions.IsConflict where there is another.
func Over(ctx context.Context, c client.Client, o render.Object, version string) error {
	render.SetVersion(o, cmp.Or(version, noVersion))
	err := c.Apply(ctx, o, client.FieldOwner(ownership.FieldOwner), client.ForceOwnership)
	if err != nil && version == "" && strings.Contains(err.Error(), "resourceVersion") {
		return conflict(o, err) // others may not take the version for what is to be made
	}
	return err
}
