// SPDX-License-Identifier: Apache-2.0

package request

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// fullBuckets gives nobody anything, and writes down what it was asked for.
type fullBuckets struct {
	keys      []string
	perMinute []int
	refused   []string
}

func (b *fullBuckets) Take(_ context.Context, key string, perMinute int) time.Duration {
	b.keys, b.perMinute = append(b.keys, key), append(b.perMinute, perMinute)
	return 7 * time.Second
}

func (b *fullBuckets) Limited(route string) { b.refused = append(b.refused, route) }

func (b *fullBuckets) limiter(perMinute int) Limiter {
	return Limiter{Buckets: b, Refused: b, Unnamed: NewUnnamedProxies(time.Now), Settings: func() realmconfig.Config {
		return realmconfig.Config{Network: realmconfig.Network{RequestsPerMinute: perMinute}}
	}}
}

func from(address string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/auth/login", nil)
	r.RemoteAddr = address
	return r
}

func TestASourceThatAsksTooOftenIsRefused(t *testing.T) {
	t.Parallel()
	b := &fullBuckets{}
	l := b.limiter(20)
	for _, route := range []Route{{Pattern: "POST /signin", Rate: RateLogin}, {Pattern: "POST /api/auth/refresh", Rate: RateRefresh}} {
		var refusal *auth.Error
		if err := l.Check(from("203.0.113.7:1234"), route); !errors.As(err, &refusal) || refusal.Code != auth.RateLimited || refusal.RetryAfter != 7*time.Second {
			t.Errorf("%s: refused with %v", route.Pattern, err)
		}
	}
	if want := []string{"login:203.0.113.7", "refresh:203.0.113.7"}; !slices.Equal(b.keys, want) || !slices.Equal(b.perMinute, []int{20, 200}) {
		t.Errorf("asked for %v of %v", b.perMinute, b.keys)
	}
	if want := []string{"POST /signin", "POST /api/auth/refresh"}; !slices.Equal(b.refused, want) {
		t.Errorf("counted %v", b.refused)
	}
}

func TestWhoeverCannotBeCountedIsNotRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		perMinute int
		class     RateClass
		r         *http.Request
	}{
		"a route without a limit": {20, Unlimited, from("203.0.113.7:1234")},
		"a realm without a limit": {0, RateLogin, from("203.0.113.7:1234")},
	} {
		b := &fullBuckets{}
		if err := b.limiter(c.perMinute).Check(c.r, Route{Rate: c.class}); err != nil || len(b.keys) > 0 {
			t.Errorf("%s: refused with %v, counted as %v", name, err, b.keys)
		}
	}
}

// Many behind a gateway that nobody has told of share a limit, which is a large one.
func TestWhoeverComesThroughAnUnnamedProxyHasALimitToo(t *testing.T) {
	t.Parallel()
	b := &fullBuckets{}
	l := b.limiter(20)
	behindGateway := from("10.244.0.7:443")
	behindGateway.Header.Set("X-Forwarded-For", "203.0.113.7")
	for _, class := range []RateClass{RateLogin, RateRefresh} {
		if err := l.Check(behindGateway, Route{Rate: class}); !errors.Is(err, auth.Refuse(auth.RateLimited)) {
			t.Errorf("%s: refused with %v", class, err)
		}
	}
	if want := []string{"unnamed_proxy:login:10.244.0.7", "unnamed_proxy:refresh:10.244.0.7"}; !slices.Equal(b.keys, want) || !slices.Equal(b.perMinute, []int{400, 4000}) {
		t.Errorf("asked for %v of %v", b.perMinute, b.keys)
	}
}
