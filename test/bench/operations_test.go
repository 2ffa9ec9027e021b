// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

type tokens = realmtest.Tokens

func (w *world) login(ctx context.Context) (int, error) {
	_, status, err := w.loginAs(ctx, w.someone())
	return status, err
}

func (w *world) loginAs(ctx context.Context, email string) (tokens, int, error) {
	got := tokens{}
	response, err := w.do(ctx, http.MethodPost, "/api/auth/login", "", map[string]string{"email": email, "password": password}, &got)
	return got, statusOf(response), err
}

// fromOffice logs in, every second time from the same address.
func (w *world) fromOffice() operation {
	var logins atomic.Int64
	return func(ctx context.Context) (int, error) {
		address := "192.0.2.1"
		if logins.Add(1)%2 == 0 {
			address = w.somewhere()
		}
		credentials := map[string]string{"email": w.someone(), "password": password}
		response, err := w.doFrom(ctx, address, http.MethodPost, "/api/auth/login", "", credentials, nil)
		return statusOf(response), err
	}
}

func statusOf(r *http.Response) int {
	if r == nil {
		return 0
	}
	return r.StatusCode
}

// pool hands each of its things to one client at a time.
type pool[T any] struct {
	mu   sync.Mutex
	free []T
}

func (p *pool[T]) put(thing T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, thing)
}

// take waits for nobody: under a load that answers, there is always one left.
func (p *pool[T]) take() (T, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return *new(T), false
	}
	thing := p.free[0]
	p.free = p.free[1:]
	return thing, true
}

// sessions are those of users who have logged in.
type sessions struct{ pool[tokens] }

// newSessions logs so many users in.
func (w *world) newSessions(n int) *sessions {
	w.t.Helper()
	s := &sessions{}
	var all sync.WaitGroup
	gate := make(chan struct{}, 8)
	for range n {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			got, status, err := w.loginAs(context.Background(), w.someone())
			if err != nil || status != http.StatusOK {
				w.t.Errorf("log in: %d, %v", status, err)
				return
			}
			s.put(got)
		})
	}
	all.Wait()
	return s
}

// accessTokens are those of all sessions.
func (s *sessions) accessTokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []string{}
	for _, t := range s.free {
		all = append(all, t.Access)
	}
	return all
}

func (w *world) refresh(s *sessions) operation {
	return func(ctx context.Context) (int, error) {
		old, ok := s.take()
		if !ok {
			return http.StatusServiceUnavailable, nil // more under way than there are sessions
		}
		got := old
		response, err := w.do(ctx, http.MethodPost, "/api/auth/refresh", "", map[string]string{"refresh_token": old.Refresh}, &got)
		s.put(got)
		return statusOf(response), err
	}
}

// get asks for a page that an access token opens, as many applications do: each
// with its own token again and again.
func (w *world) get(path string, access []string) operation {
	return func(ctx context.Context) (int, error) {
		response, err := w.do(ctx, http.MethodGet, path, access[w.next.Add(1)%int64(len(access))], nil, nil)
		return statusOf(response), err
	}
}

// resetMail is done when the SMTP server has taken the mail. The answer to the
// request comes earlier.
func (w *world) resetMail(ctx context.Context) (int, error) {
	email := w.someone()
	nth := len(w.smtp.MailsTo(email)) + 1
	response, err := w.do(ctx, http.MethodPost, "/api/auth/reset-password", "", map[string]string{"email": email}, nil)
	if err == nil && response.StatusCode == http.StatusOK {
		w.smtp.Await(w.t, email, nth)
	}
	return statusOf(response), err
}

// whileLoggingIn runs f while so many clients log in without a pause. One that is
// told to come back later does.
func (w *world) whileLoggingIn(clients int, f func() *figures) *figures {
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				if status, _ := w.login(ctx); status == http.StatusServiceUnavailable {
					pause(time.Second)
				}
			}
		})
	}
	pause(2 * time.Second)
	measured := f()
	measured.shared = true
	stop()
	all.Wait()
	return measured
}
