// SPDX-License-Identifier: Apache-2.0

package specfields_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/specfields"
)

type secretRef struct {
	Name string `json:"name"`
}

type example struct {
	Plain  string                `json:"plain"`
	Named  string                `json:"tlsSecretName"`
	Typed  *secretRef            `json:"credentials"`
	Keyed  map[string]*secretRef `json:"keyed"`
	Deeper deep                  `json:"deeper"`
}

type deep struct {
	List   []deeper `json:"list"`
	Itself *deep    `json:"itself"`
}

type deeper struct {
	PullSecrets []string `json:"pullSecrets"`
}

func TestFieldsAreFoundByNameAndByType(t *testing.T) {
	t.Parallel()
	want := []string{"credentials", "deeper.list[].pullSecrets", "keyed", "tlsSecretName"}
	if got := specfields.Secrets(reflect.TypeFor[example]()); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
