// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"crypto/tls"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

func TestTLSIsTheProjectsOwn(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"rediss://cache:6380", "rediss+sentinel://s:1/0?master_name=main", "rediss+cluster://n:1",
	} {
		opened, err := connect(realmconfig.Place{URL: realmconfig.Credential(url)}, CallTimeout)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		_ = opened.Close()
		var config *tls.Config
		switch c := opened.UniversalClient.(type) {
		case *redis.Client:
			config = c.Options().TLSConfig
		case *redis.ClusterClient:
			config = c.Options().TLSConfig
		}
		if config == nil || !slices.Equal(config.CipherSuites, tlspolicy.New().CipherSuites) {
			t.Errorf("%s: speaks every cipher", url)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, url := range []string{
		"redis://:hunter2@cache:6379/0", "rediss://app:hunter2@cache/3?pool_size=5", "redis://cache/hunter2",
		"redis+sentinel://:hunter2@s:1/0?master_name=main&addr=s2:2&password=hunter2", "redis+sentinel://s?master_name=m&route_randomly=true",
		"redis+cluster://:hunter2@n:1?addr=n2:2&addr=hunter2", "rediss+cluster://n?read_timeout=hunter2", "redis://:hunter2%@cache",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		c, err := Open(realmconfig.Place{URL: realmconfig.Credential(url)}, Options{"test/fuzz", CallTimeout, time.Now, slog.New(slog.DiscardHandler)})
		if err == nil {
			_ = c.Close()
			return
		}
		if strings.Contains(url, "hunter2") && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes the URL: %v", err)
		}
	})
}
