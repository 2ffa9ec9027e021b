// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	s := auth.Secret("hunter2")
	log := &strings.Builder{}
	slog.New(slog.NewJSONHandler(log, nil)).Info("x", "secret", s, "in", struct{ S auth.Secret }{s}.S)
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%s %v %+v %#v %q %x", s, s, s, s, s, s),
		fmt.Sprintf("%+v", Credentials{Password: s}), log.String(),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("printed as %s", text)
		}
	}
}
