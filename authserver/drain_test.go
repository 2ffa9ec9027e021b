// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"
)

// A draining server answers everybody and sends them elsewhere.
func TestDrainingServerSaysSo(t *testing.T) {
	t.Parallel()
	s := newRealm(t).launch("127.0.0.1:0", "127.0.0.1:0", 15*time.Second) // which a busy machine takes for a few requests
	s.AwaitReady()
	kept := s.NewClient(false)
	ask := func(client *http.Client) *http.Response {
		t.Helper()
		response, err := client.Do(newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = readAll(t, response.Body)
		_ = response.Body.Close()
		return response
	}
	if ask(kept).Close {
		t.Error("a connection is closed although nothing drains")
	}

	s.Stop()
	s.eventually("readyz says no", func() bool { return s.OpsStatus("/readyz") == http.StatusServiceUnavailable })
	if status := s.OpsStatus("/livez"); status != http.StatusOK {
		t.Errorf("livez is %d: the pod would be killed", status)
	}
	for name, client := range map[string]*http.Client{"a kept connection": kept, "a new connection": s.NewClient(false)} {
		if response := ask(client); response.StatusCode != http.StatusOK || !response.Close {
			t.Errorf("%s: answered %d, told to close %t", name, response.StatusCode, response.Close)
		}
	}
	ask(s.NewClient(true))
}
