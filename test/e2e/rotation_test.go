// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

const (
	rotationsInARow = 20
	// kills is after how many of them the operator is killed, and does the
	// next one from where the last one left off.
	kills = 6
)

// Keys are rotated one after another, some of them into another algorithm, while
// apps refresh and verifiers that know nothing but the issuer hold every token
// against a copy of the JWKS that they keep as long as they may.
func TestRotationIsNoticedByNobody(t *testing.T) {
	// A realm of its own: one that has told verifiers to keep the JWKS for minutes
	// would have to wait for them.
	shop := realm{namespace: "e2e-rotation", name: "shop"}
	apply(t, shop.manifest(`  signingKeys: {jwksMaxAge: 1s}
  tokens: {accessTokenLifetime: 1m}
  network: {requestsPerMinute: 0}
  database: {managed: {deletionPolicy: Delete}}
`))
	t.Cleanup(func() { kubectlInCleanup(t, "delete", "namespace", shop.namespace, "--wait=false") })
	shop.waitReady(t)
	load := startVerifying(t, shop)
	kid := shop.signingKey(t)
	algorithms := []string{"EdDSA", "RS256", "ES256"}
	for i := range rotationsInARow {
		if i%kills == kills-1 {
			killOperator(t)
		}
		if i%4 == 3 {
			shop.patch(t, fmt.Sprintf(`{"spec":{"signingKeys":{"algorithm":%q}}}`, algorithms[i/4%len(algorithms)]))
		} else {
			shop.patch(t, fmt.Sprintf(`{"spec":{"signingKeys":{"rotateAfter":%q}}}`, time.Now().UTC().Format(time.RFC3339)))
		}
		kid = shop.awaitOtherKey(t, kid)
	}
	load.flow(t, 500)
	verified, failures := load.finish()
	if len(failures) > 0 {
		t.Errorf("%d of %d checks failed: %v", len(failures), verified, failures[:min(len(failures), 10)])
	}
	t.Logf("%d tokens verified during %d rotations, %d failed", verified, rotationsInARow, len(failures))
	shop.waitReady(t)
}

// After a leak, what the key signed is refused; nobody has to log in again.
func TestRotationAwayFromALeakedKey(t *testing.T) {
	quickstart.mayBeLoaded(t)
	c := quickstart.client(t, true)
	quickstart.loginAsAdmin(t, c)
	leaked := quickstart.signingKey(t)
	t.Cleanup(func() {
		kubectlInCleanup(t, "patch", "-n", quickstart.namespace, quickstart.object(), "--type=merge", "-p", `{"spec":{"signingKeys":null}}`)
	})
	stolen := c.Tokens.Access
	quickstart.patch(t, fmt.Sprintf(`{"spec":{"signingKeys":{"revoked":[%q]}}}`, leaked))
	next := quickstart.awaitOtherKey(t, leaked)
	quickstart.waitReady(t) // when every pod says that it has the new keys

	for range 20 { // whichever pod is asked
		thief := quickstart.client(t, false)
		thief.Tokens.Access = stolen
		_, err := thief.Profile(t.Context())
		wantProblem(t, err, 401)
	}
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatalf("refresh after the revocation: %v", err)
	}
	if _, err := c.Profile(t.Context()); err != nil {
		t.Errorf("the new token is refused: %v", err)
	}
	v := newVerifier(quickstart, t)
	if err := v.verify(t.Context(), c.Tokens.Access); err != nil {
		t.Errorf("verify the new token: %v", err)
	}
	if v.knows(leaked) || !v.knows(next) {
		t.Errorf("the JWKS has the leaked key: %t; the next one: %t", v.knows(leaked), v.knows(next))
	}
	eventually(t, patience, func() string {
		events := kubectl(t, "get", "events", "-n", quickstart.namespace, "-o", `jsonpath={range .items[*]}{.reason} {.message}{"\n"}{end}`)
		if !strings.Contains(events, "SigningKeyRevoked Signing key "+leaked) {
			return "no event tells of the revocation"
		}
		return ""
	})
}

func (r realm) patch(t *testing.T, patch string) {
	t.Helper()
	kubectl(t, "patch", "-n", r.namespace, r.object(), "--type=merge", "-p", patch)
}

func (r realm) signingKey(t *testing.T) string {
	t.Helper()
	return field(t, r.namespace, r.object(), `.status.signingKeys[0].kid`)
}

// awaitOtherKey waits until another key signs, and names it.
func (r realm) awaitOtherKey(t *testing.T, than string) string {
	t.Helper()
	eventually(t, patience, func() string {
		if kid := r.signingKey(t); kid == "" || kid == than {
			return "the same key signs still: " + field(t, r.namespace, r.object(), `.status.conditions[?(@.type=="SigningKeysReady")].message`)
		}
		return ""
	})
	return r.signingKey(t)
}

func killOperator(t *testing.T) {
	t.Helper()
	kubectl(t, "delete", "pod", "-n", "realmkeeper-system", "-l", "app.kubernetes.io/name=realmkeeper-operator",
		"--wait=false", "--grace-period=0", "--force")
}

// verifying is apps that refresh, and verifiers that check what they get for as
// long as it is good.
type verifying struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	verified int
	failures []string
}

func startVerifying(t *testing.T, r realm) *verifying {
	t.Helper()
	const apps = 4
	ctx, stop := context.WithCancel(context.Background())
	l := &verifying{stop: stop}
	t.Cleanup(func() { l.finish() })
	for i := range apps {
		c, v := r.client(t, i%2 == 0), newVerifier(r, t)
		r.loginAsAdmin(t, c)
		l.done.Go(func() { l.run(ctx, c, v) })
	}
	return l
}

func (l *verifying) run(ctx context.Context, c *realmtest.App, v *verifier) {
	// Of the tokens that have not expired, the oldest is checked each time, and any other.
	tokens := []string{c.Tokens.Access}
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		if n%5 == 0 {
			if err := c.Refresh(context.Background()); err != nil {
				l.count(fmt.Errorf("refresh: %w", err))
				continue
			}
			tokens = append(tokens, c.Tokens.Access)
		}
		tokens = slices.DeleteFunc(tokens, expired)
		if len(tokens) == 0 {
			l.count(errors.New("no token is left"))
			continue
		}
		for _, token := range []string{tokens[0], tokens[len(tokens)-1], tokens[rand.IntN(len(tokens))]} {
			if !expired(token) { // while another one was verified
				l.count(v.verify(context.Background(), token))
			}
		}
	}
}

func (l *verifying) count(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.verified++
	if err != nil {
		l.failures = append(l.failures, time.Now().Format(time.TimeOnly)+" "+err.Error())
	}
}

// flow waits for n more checks.
func (l *verifying) flow(t *testing.T, n int) {
	t.Helper()
	checked := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.verified
	}
	from := checked()
	eventually(t, patience, func() string {
		if got := checked() - from; got < n {
			return fmt.Sprintf("%d of %d tokens checked", got, n)
		}
		return ""
	})
}

func (l *verifying) finish() (int, []string) {
	l.stop()
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.verified, l.failures
}
