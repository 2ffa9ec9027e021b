// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// resealInterval is how soon values of an old encryption key are looked for. The
// question is cheap: an index answers it.
const resealInterval = 5 * time.Second

// reseal brings stored secrets under the present encryption key, now and then;
// it never ends the server. An old key may go when the gauge is 0 everywhere.
func (s *server) reseal(ctx context.Context, service *auth.Service) {
	left := atomic.Int64{}
	left.Store(-1) // not known yet
	s.metrics.Gauge("sealed_values_old_key", "Stored values that are not sealed with the present encryption key; -1 when not known.",
		func() float64 { return float64(left.Load()) })
	ticker := time.NewTicker(resealInterval)
	defer ticker.Stop()
	complained := false
	for {
		n, err := service.Reseal(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !complained:
			s.Log.WarnContext(ctx, "values of an old encryption key not sealed again", "left", n, "error", err)
		}
		complained = err != nil
		left.Store(int64(n))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
