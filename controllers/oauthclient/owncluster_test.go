// SPDX-License-Identifier: Apache-2.0

package oauthclient

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const clusterJWKS = `{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

func TestTheClustersKeysAreReadNowAndThen(t *testing.T) {
	t.Parallel()
	now, reads := start, 0
	answer, failure := realmconfig.Cluster{Issuer: "https://k8s.example.com"}, error(nil)
	own := &ownCluster{now: func() time.Time { return now }, read: func(context.Context) (realmconfig.Cluster, error) {
		reads++
		return answer, failure
	}}
	look := func(issuer, problem string, nextIn time.Duration, total int) {
		t.Helper()
		known, next, err := own.look(t.Context())
		if got := issuerOf(known); got != issuer || (err == nil) != (problem == "") || err != nil && err.Error() != problem || next != now.Add(nextIn) || reads != total {
			t.Errorf("known is %q (%v), to look again at %v, after %d reads", got, err, next, reads)
		}
	}
	failure = errors.New("forbidden")
	look("", "forbidden", time.Minute, 1)
	failure = nil
	look("", "forbidden", time.Minute, 1) // nobody is asked all the time
	now = now.Add(time.Minute)
	look("https://k8s.example.com", "", 5*time.Minute, 2)
	answer.Issuer = "https://next.example.com" // the keys have changed
	now = now.Add(5*time.Minute - time.Second)
	look("https://k8s.example.com", "", time.Second, 2)
	now = now.Add(time.Second)
	look("https://next.example.com", "", 5*time.Minute, 3)
	failure = errors.New("gone") // what was known last goes on
	now = now.Add(5 * time.Minute)
	look("https://next.example.com", "gone", time.Minute, 4)
}

func issuerOf(c *realmconfig.Cluster) string {
	if c == nil {
		return ""
	}
	return c.Issuer
}

func TestManyRealmsLookOnce(t *testing.T) {
	t.Parallel()
	reads := 0
	own := &ownCluster{now: func() time.Time { return start }, read: func(context.Context) (realmconfig.Cluster, error) {
		reads++
		return realmconfig.Cluster{}, nil
	}}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, _, err := own.look(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	if group.Wait(); reads != 1 {
		t.Errorf("the API server was asked %d times", reads)
	}
}

func TestWhatAnAPIServerSays(t *testing.T) {
	t.Parallel()
	const said = `{"issuer": "https://kubernetes.default.svc.cluster.local", "jwks_uri": "https://10.0.0.1:6443/openid/v1/jwks"}`
	for name, c := range map[string]struct{ discovery, keys, problem string }{
		"good":                 {said, clusterJWKS, ""},
		"no issuer":            {`{}`, clusterJWKS, "issuer: "},
		"an issuer that is no": {`{"issuer": "kubernetes/serviceaccount"}`, clusterJWKS, "issuer: "},
		"no keys":              {said, `{"keys": []}`, "jwks: must be"},
		"a secret as key":      {said, `{"keys": [{"kty": "oct", "k": "hunter2"}]}`, "private key"},
		"a page":               {"<html>", clusterJWKS, "is not JSON"},
		"keys that are a page": {said, "<html>", "is not JSON"},
	} {
		got, err := clusterOf([]byte(c.discovery), []byte(c.keys))
		if (err == nil) != (c.problem == "") || err != nil && (!strings.Contains(err.Error(), c.problem) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (got.Name != "" || got.Issuer != "https://kubernetes.default.svc.cluster.local") {
			t.Errorf("%s: read %+v", name, got)
		}
	}
}

func FuzzCluster(f *testing.F) {
	f.Add([]byte(`{"issuer": "https://k8s.example.com"}`), []byte(clusterJWKS))
	f.Add([]byte(`[]`), []byte(`{"keys": [{"kty": "RSA"}]}`))
	f.Fuzz(func(t *testing.T, discovery, keys []byte) {
		cluster, err := clusterOf(discovery, keys)
		if err != nil {
			return
		}
		document, err := realmconfig.Encode(realmconfig.ClusterDocument{Version: realmconfig.Version, Clusters: []realmconfig.Cluster{cluster}})
		if err != nil || realmconfig.Decode(document, &realmconfig.ClusterDocument{}) != nil {
			t.Errorf("pods would not take %s (%v)", document, err)
		}
	})
}
