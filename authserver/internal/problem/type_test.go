// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestPagesShowAFormAgainUnlessTheyCannot(t *testing.T) {
	t.Parallel()
	others := map[auth.Code]int{
		auth.NotFound: http.StatusNotFound, auth.ProviderUnknown: http.StatusNotFound,
		auth.PermissionDenied: http.StatusForbidden, auth.InsufficientAuthentication: http.StatusForbidden, auth.ProofRequired: http.StatusForbidden, auth.RegistrationClosed: http.StatusForbidden,
		auth.AccountDisabled: http.StatusForbidden, auth.EmailNotVerified: http.StatusForbidden, auth.IdentityRefused: http.StatusForbidden,
		auth.ClientAccessDenied: http.StatusForbidden, auth.PersonalTokenRefused: http.StatusForbidden, auth.MailCodeOff: http.StatusForbidden,
		auth.PasswordNotOffered: http.StatusForbidden, auth.RecoveryRequired: http.StatusForbidden,
		auth.AccountLocked: http.StatusTooManyRequests, auth.TooManyAttempts: http.StatusTooManyRequests, auth.RateLimited: http.StatusTooManyRequests,
		auth.Busy: http.StatusServiceUnavailable, auth.DatabaseUnavailable: http.StatusServiceUnavailable,
		auth.SigningUnavailable: http.StatusServiceUnavailable, auth.ProviderUnavailable: http.StatusServiceUnavailable,
		auth.EmailUnavailable: http.StatusServiceUnavailable,
		auth.MethodNotAllowed: http.StatusMethodNotAllowed, auth.Internal: http.StatusInternalServerError,
	}
	for _, code := range append(allCodes(t), "wrong_password", "invalid_email") {
		want, found := others[code]
		if !found {
			want = http.StatusBadRequest
		}
		if got := PageStatus(code); got != want {
			t.Errorf("a page refuses with %s as %d, want %d", code, got, want)
		}
	}
}

func TestWhatIsNoProblemIsAFaultOfOurs(t *testing.T) {
	t.Parallel()
	if got := TypeOf("invented"); got != TypeOf(auth.Internal) || got.Status != http.StatusInternalServerError {
		t.Errorf("an unknown code means %+v", got)
	}
}
