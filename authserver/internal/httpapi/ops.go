// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Ops is what the ops listener tells the cluster; every field is required.
type Ops struct {
	// Health reports whether new requests should be sent here.
	Health   interface{ Ready() bool }
	Reporter Reporter
	Metrics  http.Handler
}

// Reporter says what is in force.
type Reporter interface{ Report() realmconfig.Report }

// NewOps returns the handler of the ops listener. Readiness is this server's
// own: when the database is away, another pod would not answer either, and
// taking them all out would hide the reason from clients.
func NewOps(o Ops) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "alive")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !o.Health.Ready() {
			plain(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		plain(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("GET "+realmconfig.ReportPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(o.Reporter.Report())
	})
	mux.Handle("GET /metrics", o.Metrics)
	return mux
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
