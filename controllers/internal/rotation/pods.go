// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"fmt"
	"time"
)

// everyPod reports whether each pod has taken up a change that was made at since,
// and notes what the key waits for if not. The function says in words what keeps
// a pod that answers.
func (p *plan) everyPod(kid string, since time.Time, lacks func(Pod) string) bool {
	if !p.acks.Asked {
		p.waits[kid] = "the pods to be asked"
		return false
	}
	if !p.passed(since.Add(FreshMount)) {
		p.waits[kid] = "pods that are being started, which may not know of it"
		return false
	}
	for _, pod := range p.acks.Pods {
		if what := p.heldBackBy(pod, since, lacks); what != "" {
			p.waits[kid] = fmt.Sprintf("pod %s, %s", pod.Name, what)
			return false
		}
	}
	return true
}

func (p *plan) heldBackBy(pod Pod, since time.Time, lacks func(Pod) string) string {
	switch {
	case pod.State == Answering:
		what := lacks(pod)
		p.awaitsPods = p.awaitsPods || what != ""
		return what
	case pod.State == Silent:
		p.awaitsPods = true
		return "which does not answer"
	case !p.passed(since.Add(MountRefresh)):
		return "which is being started"
	}
	return "" // whenever it runs, it will know
}

// passed reports whether a time has passed on every clock, and else sees to it
// that somebody looks again when it has.
func (p *plan) passed(t time.Time) bool {
	if !t.After(p.slowest) {
		return true
	}
	p.lookAgainAt(t.Add(p.now.Sub(p.slowest)))
	return false
}

// lookAgainAt asks for another look at t.
func (p *plan) lookAgainAt(t time.Time) {
	if p.next.IsZero() || t.Before(p.next) {
		p.next = t
	}
}
