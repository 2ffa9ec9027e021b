// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// SMS is an HTTP server of one test that takes text messages, by Twilio's API or
// as a webhook, and keeps the requests.
type SMS struct {
	server *httptest.Server

	mu       sync.Mutex
	status   int
	requests []SMSRequest
	// arrived is closed and replaced whenever a request has come.
	arrived chan struct{}
}

// SMSRequest is what somebody asked the server.
type SMSRequest struct {
	Path     string
	Header   http.Header
	Username string
	Password string
	Body     []byte
}

// StartSMS runs a server that ends with the test and takes everything.
func StartSMS(t testing.TB) *SMS {
	t.Helper()
	s := &SMS{status: http.StatusCreated, arrived: make(chan struct{})}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// URL is the server's root, on the loopback interface.
func (s *SMS) URL() string { return s.server.URL }

// Answer is the status from now on; 201 at first.
func (s *SMS) Answer(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Requests is what has come, in order.
func (s *SMS) Requests() []SMSRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SMSRequest(nil), s.requests...)
}

// Await returns the nth request, counted from 1, once it is there.
func (s *SMS) Await(t testing.TB, nth int) SMSRequest {
	t.Helper()
	deadline := time.After(eventually.Patience)
	for {
		s.mu.Lock()
		arrived := s.arrived
		s.mu.Unlock()
		if requests := s.Requests(); len(requests) >= nth {
			return requests[nth-1]
		}
		select {
		case <-arrived:
		case <-deadline:
			t.Fatalf("waited in vain for text message %d", nth)
		}
	}
}

// ServeHTTP implements http.Handler.
func (s *SMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	username, password, _ := r.BasicAuth()
	s.requests = append(s.requests, SMSRequest{r.URL.Path, r.Header, username, password, body})
	close(s.arrived)
	s.arrived = make(chan struct{})
	if s.status/100 == 3 {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(s.status)
}
