// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// redact is the message of an error about a Secret, without anything of the values that
// were sent and of those that exist. Whoever refuses one may quote it: the API server
// does for a field that is invalid, and a policy says what it pleases.
func redact(err error, s *corev1ac.SecretApplyConfiguration, existing map[string][]byte) string {
	said := err.Error()
	var status apierrors.APIStatus
	if errors.As(err, &status) && apierrors.IsInvalid(err) && status.Status().Details != nil {
		said = strings.Join(fieldErrors(status.Status().Details.Causes), ", ")
	}
	return conditions.StableMessage(errors.New(withoutValues(withoutValues(said, s, s.Data), s, existing)))
}

// fieldErrors are fields and what is wrong with them, without the values that the
// API server quotes.
func fieldErrors(causes []metav1.StatusCause) []string {
	all := []string{"it is invalid"}
	for _, c := range causes {
		what, rest, _ := strings.Cut(c.Message, ": ")
		switch what {
		case "Invalid value", "Unsupported value", "Duplicate value", "Not found", "Too many":
			if i := strings.LastIndex(rest, ": "); i >= 0 {
				what += ": " + rest[i+2:]
			}
		default:
			what = c.Message
		}
		all = append(all, c.Field+": "+what)
	}
	return all
}

// revealing is how many characters of a value, one after the other, say too much.
const revealing = 8

// withoutValues leaves out a Secret's values, as they are or in base64, and every
// word that has a part of one.
func withoutValues(said string, s *corev1ac.SecretApplyConfiguration, data map[string][]byte) string {
	public := strings.NewReplacer(*s.GetName(), "", *s.GetNamespace(), "", s.Labels[render.RealmLabel], "", ownership.FieldOwner, "")
	var parts []string
	for key, value := range data {
		if key == render.AdminEmailKey {
			continue // no secret, and the host in it stands in many a word
		}
		for _, whole := range []string{string(value), base64.StdEncoding.EncodeToString(value)} {
			if len(whole) >= revealing || strings.ContainsAny(whole, " \t\n") {
				said = strings.ReplaceAll(said, whole, conditions.Ellipsis)
			}
			parts = append(parts, secretParts(public.Replace(whole))...)
		}
	}
	all := strings.Fields(said)
	for i, word := range all {
		if slices.ContainsFunc(parts, func(part string) bool { return reveals(word, part) }) {
			all[i] = conditions.Ellipsis
		}
	}
	return strings.Join(all, " ")
}

// secretParts are a value's words that are not plain language: those with a digit,
// and a value that is too short to be looked for in parts.
func secretParts(value string) []string {
	if len(value) < revealing {
		return []string{value}
	}
	return slices.DeleteFunc(strings.Fields(value), func(part string) bool { return !strings.ContainsAny(part, "0123456789") })
}

// reveals reports whether a word has as much of a secret part as says too much.
func reveals(word, part string) bool {
	if len(part) < revealing {
		return part != "" && strings.Trim(word, `"'()[]{},.;:`) == part
	}
	for i := 0; i+revealing <= len(part); i++ {
		if strings.Contains(word, part[i:i+revealing]) {
			return true
		}
	}
	return false
}
