// SPDX-License-Identifier: Apache-2.0

package allowed

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
)

// RefuseImage is a failure when a field of a spec names an image that the policy does not
// allow, nil when it does.
func (p Policy) RefuseImage(field, image string) *conditions.Failure {
	if p.AllowsImage(image) {
		return nil
	}
	return conditions.NewFailure(v1alpha1.ReasonNotAllowed, "%s: this installation does not allow the image %q; "+
		"name one of %s, leave the field out, or have allowed.images of the chart name it", field, image, strings.Join(p.Images, ", "))
}

// RefusePrivateNetworks is a failure when the policy does not let realms connect to private
// addresses, as fields of a spec ask for; nil when it does, or none asks.
func (p Policy) RefusePrivateNetworks(fields ...string) *conditions.Failure {
	if p.PrivateNetworks || len(fields) == 0 {
		return nil
	}
	return conditions.NewFailure(v1alpha1.ReasonNotAllowed, "%s: this installation allows no connections to private networks; "+
		"leave it out, or have allowed.privateNetworks of the chart set", strings.Join(fields, ", "))
}

// RefuseAnnotations is a failure when a field of a spec has annotations that the policy
// does not allow, nil when it has none.
func (p Policy) RefuseAnnotations(field string, names []string) *conditions.Failure {
	var refused []string
	for _, name := range names {
		if !p.AllowsAnnotation(name) {
			refused = append(refused, name)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return conditions.NewFailure(v1alpha1.ReasonNotAllowed, "%s: this installation does not allow %s; "+
		"leave it out, or have allowed.ingressAnnotations of the chart name it", field, strings.Join(refused, ", "))
}
