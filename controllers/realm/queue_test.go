// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestWhatChangesOfARealmThatRunsComesBeforeBirths(t *testing.T) {
	t.Parallel()
	q := queue{priorityqueue.New[reconcile.Request]("test"), isBorn, time.Hour}
	defer q.ShutDown()
	q.AddWithOpts(priorityqueue.AddOpts{Priority: new(handler.LowPriority)}, named("looked at since the operator starts"))
	for i := range 100 {
		q.Add(named(fmt.Sprint("born ", i)))
	}
	q.Add(named("changed"))
	var order []string
	for range 102 {
		item, _ := q.Get()
		order = append(order, item.Name)
		q.Done(item)
	}
	if first, last := order[0], order[len(order)-1]; first != "changed" || last != "looked at since the operator starts" {
		t.Errorf("the first is %q and the last %q, of %d", first, last, len(slices.Compact(order)))
	}
}

func TestABirthComesThoughThereIsNoEndOfChanges(t *testing.T) {
	t.Parallel()
	q := queue{priorityqueue.New[reconcile.Request]("test"), isBorn, time.Millisecond}
	defer q.ShutDown()
	q.Add(named("changed"))
	q.Add(named("also changed"))
	q.Add(named("born"))
	for deadline := time.Now().Add(eventually.Patience); time.Now().Before(deadline); {
		item, _ := q.Get()
		if item == named("born") {
			return
		}
		q.Add(item)
		q.Done(item)
	}
	t.Error("it never came")
}

func isBorn(name types.NamespacedName) bool { return strings.HasPrefix(name.Name, "born") }

func named(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}
}
