// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// maxKeysNamed bounds how many keys of an object a message names.
const maxKeysNamed = 8

// Lacking says which of the wanted keys an object with the data lacks, and which it has
// instead: the wanted one may have another name there. It returns "" when none is lacking.
// A key without a value counts as lacking.
func Lacking[V ~string | ~[]byte](data map[string]V, wanted ...string) string {
	var missing, empty []string
	for _, key := range wanted {
		switch value, found := data[key]; {
		case !found:
			missing = append(missing, key)
		case len(value) == 0:
			empty = append(empty, key)
		}
	}
	var said []string
	if len(missing) > 0 {
		said = append(said, "has no "+keys("or", missing)+present(data))
	}
	if len(empty) > 0 {
		said = append(said, "has nothing in "+keys("and", empty))
	}
	return strings.Join(said, " and ")
}

// present names the keys that there are.
func present[V any](data map[string]V) string {
	all := slices.Sorted(maps.Keys(data))
	if len(all) == 0 {
		return ", nor any other"
	}
	if more := len(all) - maxKeysNamed; more > 0 {
		return fmt.Sprintf(", but %s, and %d more", keys("and", all[:maxKeysNamed]), more)
	}
	return ", but " + keys("and", all)
}

// keys names keys in a sentence, with a word before the last.
func keys(word string, all []string) string {
	var quoted []string
	for _, key := range all {
		quoted = append(quoted, fmt.Sprintf("%q", conditions.Truncate(key)))
	}
	last := len(quoted) - 1
	if last == 0 {
		return "key " + quoted[0]
	}
	return "keys " + strings.Join(quoted[:last], ", ") + " " + word + " " + quoted[last]
}

// lacking is Lacking of a Secret that a field of a spec names. What a realm's own Secrets
// hold is nobody's business but the realm's.
func lacking(s *corev1.Secret, wanted ...string) string {
	data := s.Data
	if render.RealmOf(s.Labels) != "" || ownership.OfAnyRealm(s) {
		data = maps.Clone(data)
		maps.DeleteFunc(data, func(key string, _ []byte) bool { return !slices.Contains(wanted, key) })
		if len(data) == 0 {
			return "has no " + keys("or", wanted)
		}
	}
	return Lacking(data, wanted...)
}
