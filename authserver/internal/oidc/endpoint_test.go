// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// fullBuckets give nobody anything.
type fullBuckets struct{}

func (fullBuckets) Take(context.Context, string, int) time.Duration { return time.Second }
func (fullBuckets) Limited(string)                                  {}

// Ids of clients that nobody declares are without number: the Store, which would fail here, is
// asked for none of them where their source asks too often.
func TestStrangersDoNotHaveTheStoreAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	settings := func() realmconfig.Config {
		return realmconfig.Config{
			Network: realmconfig.Network{RequestsPerMinute: 1},
			Clients: realmconfig.Clients{Registration: &realmconfig.ClientRegistration{}, MetadataDocuments: &realmconfig.MetadataDocuments{Hosts: []string{"agent.example.com"}}},
		}
	}
	realm := auth.Realm{Settings: settings, Now: time.Now}
	s := New(Deps{
		Realm: realm, Clients: &client.Service{Realm: realm},
		Limiter: request.Limiter{Buckets: fullBuckets{}, Refused: fullBuckets{}, Unnamed: request.NewUnnamedProxies(time.Now), Settings: settings},
	})
	for _, id := range []string{"https://agent.example.com/client.json", "registered-01938b1e-7a1c-7c3a-9d3f-0123456789ab"} {
		body := strings.NewReader(url.Values{"client_id": {id}}.Encode())
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, tokenPath, body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if _, err := s.call(httptest.NewRecorder(), r, request.RateToken, s.token, s.introduceSender); !errors.Is(err, auth.Refuse(auth.RateLimited)) {
			t.Errorf("%s is answered with %v", id, err)
		}
	}
}
