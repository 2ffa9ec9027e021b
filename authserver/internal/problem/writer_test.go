// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// written is what a request whose context is made by shape is answered with, and what
// the log says of it.
func written(t *testing.T, err error, shape func(context.Context) context.Context) (*httptest.ResponseRecorder, Details, *request.Info, string) {
	t.Helper()
	logged := &bytes.Buffer{}
	ctx, info := request.WithInfo(t.Context())
	r := httptest.NewRequest(http.MethodGet, "/api/user/profile", nil).WithContext(shape(ctx))
	w := httptest.NewRecorder()
	Writer{
		Settings: func() realmconfig.Config { return realmconfig.Config{Issuer: "https://auth.example.com"} },
		Log:      slog.New(slog.NewTextHandler(logged, nil)),
	}.Write(w, r, err)
	details := Details{}
	if err := json.Unmarshal(w.Body.Bytes(), &details); err != nil {
		t.Fatalf("answered %s: %v", w.Body, err)
	}
	return w, details, info, logged.String()
}

func unchanged(ctx context.Context) context.Context { return ctx }

func TestARefusalIsToldAsItIs(t *testing.T) {
	t.Parallel()
	left := 2
	refusal := &auth.Error{Code: auth.AccountLocked, RetryAfter: 1500 * time.Millisecond, AttemptsLeft: &left, Cause: errors.New("secret reason")}
	w, details, info, logged := written(t, fmt.Errorf("sign in: %w", refusal), unchanged)
	if w.Code != http.StatusTooManyRequests || details.Status != w.Code || details.Code != auth.AccountLocked {
		t.Errorf("answered %d %+v", w.Code, details)
	}
	if details.Type != "urn:realmkeeper:problem:account_locked" || details.AttemptsLeft == nil || details.RequestID != info.ID {
		t.Errorf("answered %+v", details)
	}
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("the client is told to wait %s seconds", got)
	}
	if w.Header().Get("Content-Type") != MediaType || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers are %v", w.Header())
	}
	if info.Code != auth.AccountLocked || logged != "" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the trace says %s, the log %q, the answer %s", info.Code, logged, w.Body)
	}
}

func TestAFaultOfOursIsLoggedAndNotTold(t *testing.T) {
	t.Parallel()
	w, details, info, logged := written(t, errors.New("disk on fire"), unchanged)
	if w.Code != http.StatusInternalServerError || details.Code != auth.Internal || strings.Contains(w.Body.String(), "fire") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if !strings.Contains(logged, "disk on fire") || info.Code != auth.Internal {
		t.Errorf("the log says %q, the trace %s", logged, info.Code)
	}
}

func TestOfWhoHasLeftNothingIsLogged(t *testing.T) {
	t.Parallel()
	w, _, _, logged := written(t, fmt.Errorf("ask store: %w", context.Canceled), func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx
	})
	if w.Code != http.StatusInternalServerError || logged != "" {
		t.Errorf("answered %d, logged %q", w.Code, logged)
	}
}

func TestTheChallengeNamesAnErrorOnlyOfATokenThatWasThere(t *testing.T) {
	t.Parallel()
	for code, judged := range map[auth.Code]bool{
		auth.TokenMissing: false, auth.InvalidCredentials: false, auth.TokenExpired: true, auth.TokenInvalid: true,
	} {
		w, _, _, _ := written(t, &auth.Error{Code: code}, unchanged)
		header := w.Header().Get("WWW-Authenticate")
		if !strings.HasPrefix(header, `Bearer realm="https://auth.example.com"`) || strings.Contains(header, "error=") != judged {
			t.Errorf("%s: the challenge is %s", code, header)
		}
	}
}

func TestTheChallengeSaysWhichSignInIsNeeded(t *testing.T) {
	t.Parallel()
	for want, demand := range map[string]auth.Demand{
		`, acr_values="2"`:                {ACR: "2"},
		`, max_age="300"`:                 {MaxAge: 5 * time.Minute},
		`, acr_values="2", max_age="300"`: {ACR: "2", MaxAge: 5 * time.Minute},
	} {
		w, details, _, _ := written(t, demand.Check("1", time.Time{}, time.Unix(1e9, 0)), unchanged)
		header := w.Header().Get("WWW-Authenticate")
		if !strings.Contains(header, `error="insufficient_user_authentication"`) || !strings.HasSuffix(header, `."`+want) {
			t.Errorf("the challenge is %s", header)
		}
		if w.Code != http.StatusForbidden || details.ACRValues != demand.ACR || details.MaxAge != int(demand.MaxAge/time.Second) {
			t.Errorf("answered %d %+v", w.Code, details)
		}
	}
}

func TestHowLongToWait(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal         auth.Error
		atLeast, atMost int
	}{
		"nothing to wait for":   {auth.Error{Code: auth.InvalidCredentials}, 0, 0},
		"a part of a second":    {auth.Error{Code: auth.RateLimited, RetryAfter: time.Millisecond}, 1, 1},
		"busy, nobody knows":    {auth.Error{Code: auth.Busy}, 1, 1},
		"busy for a while":      {auth.Error{Code: auth.Busy, RetryAfter: 3 * time.Second}, 3, 3},
		"spread by chance":      {auth.Error{Code: auth.DatabaseUnavailable}, 1, 5},
		"a wait that has ended": {auth.Error{Code: auth.AccountLocked, RetryAfter: -time.Second}, 0, 0},
	} {
		if got := RetryAfter(&c.refusal); got < c.atLeast || got > c.atMost {
			t.Errorf("%s: %s seconds", name, strconv.Itoa(got))
		}
	}
}
