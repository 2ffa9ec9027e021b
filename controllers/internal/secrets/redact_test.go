// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

func TestWordsAboutASecretTellNothingOfIt(t *testing.T) {
	t.Parallel()
	const password, client, before = "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P", "x y", "earlier0Password1"
	s := corev1ac.Secret("staff-database", "identity").WithData(map[string][]byte{
		"password": []byte(password),
		"client":   []byte(client),
		"uri":      []byte("postgresql://realmkeeper:" + password + "@staff-database:5432/realmkeeper"),
		"email":    []byte("admin@login.example.com"),
	})
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "Secret"}, "staff-database", field.ErrorList{
		field.Invalid(field.NewPath("data").Key("password"), password, "must be longer"),
		field.Required(field.NewPath("type"), "say which"),
	})
	forbidden := func(said string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "staff-database", errors.New(said))
	}
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"an invalid field":         {invalid, "data[password]: Invalid value: must be longer, type: Required value: say which"},
		"a policy without a value": {forbidden("the policy deny.login.example.com wants no secrets"), `secrets "staff-database" is forbidden: the policy deny.login.example.com wants no secrets`},
		"a value":                  {forbidden("bad: " + password), "bad: …"},
		"a part of a value":        {forbidden("bad: " + password[5:20] + "..."), "bad: …"},
		"a value in base64":        {forbidden("bad: " + base64.StdEncoding.EncodeToString([]byte(password))), "bad: …"},
		"a value that stands":      {forbidden("bad: " + before), "bad: …"},
		"a value of two words":     {forbidden("bad: x y"), "bad: …"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := redact(c.err, s, map[string][]byte{"password": []byte(before)})
			if !strings.Contains(got, c.says) {
				t.Errorf("it says %q, want %q", got, c.says)
			}
			if strings.Contains(got, password[5:15]) {
				t.Errorf("it says %q", got)
			}
		})
	}
}
