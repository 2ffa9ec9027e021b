// SPDX-License-Identifier: Apache-2.0

package requeue_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/realmkeeper/realmkeeper/controllers/internal/requeue"
)

func TestStaggerSpreadsRealms(t *testing.T) {
	t.Parallel()
	const spread = time.Hour
	quarters := [4]int{}
	for i := range 1000 {
		uid := types.UID(fmt.Sprint("realm ", i))
		part := requeue.Stagger(uid, spread)
		if part < 0 || part >= spread || part != requeue.Stagger(uid, spread) {
			t.Fatalf("staggered by %s of %s", part, spread)
		}
		quarters[part*4/spread]++
	}
	for i, n := range quarters {
		if n < 200 || n > 300 {
			t.Errorf("%d of 1000 realms are in quarter %d", n, i)
		}
	}
}
