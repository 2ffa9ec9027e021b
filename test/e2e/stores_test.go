// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const rotations = 2

func TestPasswordsOfStoresChangeUnderLoad(t *testing.T) {
	quickstart.mayBeLoaded(t)
	before, stores := quickstart.pods(t), quickstart.storePods(t)
	load := startLoad(t, quickstart)
	load.flow(t, 200)

	for range rotations {
		database, cache := quickstart.storeURI(t, "database"), quickstart.storeURI(t, "cache")
		quickstart.rotateStorePasswords(t)
		load.flow(t, 200)
		quickstart.wantLoginEnded(t, "database", database)
		quickstart.wantLoginEnded(t, "cache", cache)
		quickstart.loginAsAdmin(t, quickstart.client(t, true))
	}

	if failures := load.finish(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), load.requests, failures)
	}
	t.Logf("%d requests while both passwords changed %d times, none failed", load.requests, rotations)
	quickstart.waitReady(t)
	if after := quickstart.pods(t); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the realm's pods were %v and are %v", before, after)
	}
	if after := quickstart.storePods(t); after != stores {
		t.Errorf("the stores' pods were\n%s\nand are\n%s", stores, after)
	}
}

// rotateStorePasswords asks for new passwords of both stores and waits until the
// earlier ones have ended.
func (r realm) rotateStorePasswords(t *testing.T) {
	t.Helper()
	managed := fmt.Sprintf(`{"managed":{"rotatePasswordAfter":%q}}`, time.Now().UTC().Format(time.RFC3339))
	kubectl(t, "patch", "-n", r.namespace, r.object(), "--type=merge", "-p",
		fmt.Sprintf(`{"spec":{"database":%s,"cache":%s}}`, managed, managed))
	for _, step := range []struct {
		name string
		two  bool
	}{{"a second password", true}, {"one password", false}} {
		eventually(t, patience, func() string {
			for _, store := range []string{"database", "cache"} {
				name := "secret/" + r.name + "-" + store
				if two := field(t, r.namespace, name, ".data.earlierPassword") != ""; two != step.two {
					return fmt.Sprintf("%s does not have %s; %s", name, step.name,
						field(t, r.namespace, r.object(), `.status.conditions[?(@.type=="ConfigPropagated")].message`))
				}
			}
			return ""
		})
	}
}

func (r realm) storeURI(t *testing.T, store string) string {
	t.Helper()
	return secret(t, r.namespace, r.name+"-"+store, "uri")
}

// storePods tells the stores' pods apart, and how often their containers started.
func (r realm) storePods(t *testing.T) string {
	t.Helper()
	return kubectl(t, "get", "pods", "-n", r.namespace,
		"-l", "app.kubernetes.io/instance="+r.name+",app.kubernetes.io/component in (database,cache)",
		"-o", `jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[*].restartCount}{"\n"}{end}`)
}

// wantLoginEnded logs in within a store's pod until the earlier login is refused,
// while the new one is not.
func (r realm) wantLoginEnded(t *testing.T, store, earlier string) {
	t.Helper()
	pod := r.storePod(t, store)
	// From inside the pod, its certificate is for another name.
	login := map[string]func(uri string) string{
		"database": func(uri string) string {
			return "psql --no-psqlrc --command='SELECT 1' '" + strings.Replace(uri, "verify-full", "require", 1) + "'"
		},
		"cache": func(uri string) string { return "redis-cli --insecure -u '" + uri + "' PING 2>/dev/null | grep PONG" },
	}
	try := func(uri string) error {
		here := strings.Replace(uri, r.name+"-"+store+":", "127.0.0.1:", 1)
		_, err := tryKubectl(t.Context(), "", "exec", "-n", r.namespace, pod, "--", "sh", "-c", login[store](here))
		return err
	}
	eventually(t, patience, func() string {
		if try(earlier) == nil {
			return "the " + store + " still takes its earlier password"
		}
		return ""
	})
	if err := try(r.storeURI(t, store)); err != nil {
		t.Errorf("the %s does not take its new login: %v", store, err)
	}
}

// storePod is the pod of a store.
func (r realm) storePod(t *testing.T, store string) string {
	t.Helper()
	return kubectl(t, "get", "pods", "-n", r.namespace, "-o", "name",
		"-l", "app.kubernetes.io/instance="+r.name+",app.kubernetes.io/component="+store)
}

func TestStoresSpeakNothingButTLS(t *testing.T) {
	quickstart.waitReady(t)
	quickstart.loginAsAdmin(t, quickstart.client(t, true))
	in := func(store, command string) (string, error) {
		return tryKubectl(t.Context(), "", "exec", "-n", quickstart.namespace, quickstart.storePod(t, store), "--", "sh", "-c", command)
	}
	eventually(t, patience, func() string {
		said, err := in("database", "psql -U postgres -At -c 'SELECT DISTINCT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL'")
		if err != nil || said != "t|TLSv1.3" {
			return fmt.Sprintf("connections to the database are of %q, %v", said, err)
		}
		return ""
	})
	here := strings.NewReplacer(quickstart.name+"-database:", "127.0.0.1:", "verify-full", "disable")
	if said, err := in("database", "psql --no-psqlrc --command='SELECT 1' '"+here.Replace(quickstart.storeURI(t, "database"))+"'"); err == nil || !strings.Contains(said, "no encryption") {
		t.Errorf("a connection to the database in the clear is answered %q, %v", said, err)
	}
	if said, err := in("cache", "redis-cli -p 6379 PING"); err == nil || !strings.Contains(said, "refused") {
		t.Errorf("a connection to the cache in the clear is answered %q, %v", said, err)
	}
	if said, err := in("database", "grep -rl 'PRIVATE KEY' \"$PGDATA\""); err == nil {
		t.Errorf("the volume has a private key, in %s", said)
	}
}

// Secrets that nobody has any more and another authority of the stores' are no matter of
// anybody who is logged in.
func TestDeletedSecretsOfStoresAreReplacedUnderLoad(t *testing.T) {
	quickstart.mayBeLoaded(t)
	before, stores := quickstart.pods(t), quickstart.storePods(t)
	load := startLoad(t, quickstart)
	load.flow(t, 100)

	for _, store := range []string{"database", "cache"} {
		lost := quickstart.storeURI(t, store)
		kubectl(t, "delete", "secret", "-n", quickstart.namespace, quickstart.name+"-"+store)
		eventually(t, patience, func() string {
			uri, err := tryKubectl(t.Context(), "", "get", "-n", quickstart.namespace, "secret/"+quickstart.name+"-"+store, "-o", "jsonpath={.data.tlsURI}")
			if err != nil || uri == "" {
				return "the Secret has not come back: " + uri
			}
			return ""
		})
		load.flow(t, 100)
		quickstart.wantLoginEnded(t, store, lost)
	}

	kubectl(t, "delete", "secret", "-n", quickstart.namespace, quickstart.name+"-stores-authority")
	eventually(t, patience, func() string {
		authority, err := tryKubectl(t.Context(), "", "get", "-n", quickstart.namespace, "secret/"+quickstart.name+"-stores-authority", "-o", `go-template={{index .data "tls.crt" | base64decode}}`)
		if err != nil {
			return "the authority has not come back: " + authority
		}
		// The name that is verified is that of the Service.
		said, err := tryKubectl(t.Context(), authority, "exec", "-i", "-n", quickstart.namespace, quickstart.storePod(t, "database"), "--", "sh", "-c",
			"cat > /tmp/authority && psql --no-psqlrc --command='SELECT 1' '"+quickstart.storeURI(t, "database")+"&hostaddr=127.0.0.1&sslrootcert=/tmp/authority'")
		if err != nil {
			return "the database does not show a certificate of the new authority: " + said
		}
		return ""
	})
	load.flow(t, 100)

	if failures := load.finish(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), load.requests, failures)
	}
	quickstart.waitReady(t)
	if after := quickstart.pods(t); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the realm's pods were %v and are %v", before, after)
	}
	if after := quickstart.storePods(t); after != stores {
		t.Errorf("the stores' pods were\n%s\nand are\n%s", stores, after)
	}
}

func TestRefusedSettingsHurtNobodyAndCanBeWithdrawn(t *testing.T) {
	quickstart.mayBeLoaded(t)
	pods := quickstart.pods(t)
	load := startLoad(t, quickstart)
	load.flow(t, 100)

	patch := func(email string) {
		kubectl(t, "patch", "-n", quickstart.namespace, quickstart.object(), "--type=merge", "-p", `{"spec":{"email":`+email+`}}`)
	}
	patch(`{"from":"login@example.com","smtp":{"host":"smtp.example.com"},"templates":{"code":{"text":"{{.Kode}}"}}}`)
	eventually(t, patience, func() string {
		propagated := field(t, quickstart.namespace, quickstart.object(), `.status.conditions[?(@.type=="ConfigPropagated")]['reason','message']`)
		if !strings.HasPrefix(propagated, "InvalidSettings") {
			return "ConfigPropagated says " + propagated
		}
		return ""
	})
	load.flow(t, 100)
	patch("null")
	quickstart.waitReady(t)

	if failures := load.finish(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), load.requests, failures)
	}
	if after := quickstart.pods(t); strings.Join(after, " ") != strings.Join(pods, " ") {
		t.Errorf("the realm's pods were %v and are %v", pods, after)
	}
}
