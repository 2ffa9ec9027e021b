// SPDX-License-Identifier: Apache-2.0

package requeue_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

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

func TestAPassIsMadeAgainOnAConflictAndNotForEver(t *testing.T) {
	t.Parallel()
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "authrealms"}, "staff", errors.New("it has changed"))
	other := errors.New("no answer")
	for name, c := range map[string]struct {
		answers []error
		passes  int
		want    error
	}{
		"none":                  {[]error{nil}, 1, nil},
		"another error":         {[]error{other}, 1, other},
		"one, and then none":    {[]error{conflict, nil}, 2, nil},
		"one again and again":   {[]error{conflict}, 5, conflict},
		"one, and then another": {[]error{conflict, other}, 2, other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			passes := 0
			_, err := requeue.OnConflict(func() (ctrl.Result, error) {
				answer := c.answers[min(passes, len(c.answers)-1)]
				passes++
				return ctrl.Result{}, answer
			})
			if passes != c.passes || !errors.Is(err, c.want) {
				t.Errorf("%d passes end with %v, want %d with %v", passes, err, c.passes, c.want)
			}
		})
	}
}
