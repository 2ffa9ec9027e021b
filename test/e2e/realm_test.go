// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// realm is one AuthRealm as its users know it.
type realm struct{ namespace, name string }

var quickstart = realm{namespace: "identity", name: "quickstart"}

// mayBeLoaded lifts the limit of requests from one address: here, all of the
// load comes from one.
func (r realm) mayBeLoaded(t *testing.T) {
	t.Helper()
	r.change(t, `{"spec":{"network":{"requestsPerMinute":0}}}`)
	r.waitReady(t)
}

// change patches the spec, and waits until every pod runs it.
func (r realm) change(t *testing.T, patch string) {
	t.Helper()
	r.patch(t, patch)
	eventually(t, patience, func() string {
		generation := field(t, r.namespace, r.object(), ".metadata.generation")
		propagated := field(t, r.namespace, r.object(), `.status.conditions[?(@.type=="ConfigPropagated")]['status','observedGeneration']`)
		if propagated != "True "+generation {
			return "generation " + generation + " has not reached every pod: " + propagated
		}
		return ""
	})
}

// patience is how long anything may take on a machine that is busy. What is promised
// within a time has that time.
const patience = 5 * time.Minute

func (r realm) object() string { return "authrealm/" + r.name }

func (r realm) issuer(t *testing.T) string { return field(t, r.namespace, r.object(), ".spec.issuer") }

func (r realm) waitReady(t *testing.T) {
	t.Helper()
	eventually(t, patience, func() string {
		out, err := tryKubectl(t.Context(), "", "wait", "-n", r.namespace, r.object(),
			"--for=condition=Ready", "--timeout=30s")
		if err == nil {
			return ""
		}
		conditions, _ := tryKubectl(t.Context(), "", "get", "-n", r.namespace, r.object(), "-o",
			`jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\n"}{end}`)
		return out + "\n" + conditions
	})
}

// pods names the realm's auth server pods that are not on their way out.
func (r realm) pods(t *testing.T) []string {
	t.Helper()
	pods := strings.Fields(kubectl(t, "get", "pods", "-n", r.namespace,
		"-l", "app.kubernetes.io/instance="+r.name+",app.kubernetes.io/component=auth-server",
		"-o", `go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}`))
	if len(pods) == 0 {
		t.Fatalf("realm %s/%s has no pods", r.namespace, r.name)
	}
	return pods
}

// rolledOut waits until the auth server's Deployment is complete.
func (r realm) rolledOut(t *testing.T) {
	t.Helper()
	kubectl(t, "rollout", "status", "-n", r.namespace, "deployment/"+r.name, "--timeout=5m")
}

// transport reaches the realm through its Service, trusting its CA and nothing
// else, whatever the issuer's host resolves to elsewhere.
func (r realm) transport(t *testing.T, http2 bool) *http.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(field(t, r.namespace, "configmap/"+r.name+"-ca", `.data.ca\.crt`))) {
		t.Fatalf("ConfigMap %s-ca holds no certificate", r.name)
	}
	return realmtest.NewTransport(roots, r.serviceAddress(t), http2)
}

func (r realm) serviceAddress(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort(field(t, r.namespace, "service/"+r.name, ".spec.clusterIP"), "443")
}

// client is an app with its own connections to the realm.
func (r realm) client(t *testing.T, http2 bool) *realmtest.App {
	t.Helper()
	transport := r.transport(t, http2)
	t.Cleanup(transport.CloseIdleConnections)
	return &realmtest.App{URL: r.issuer(t), HTTP: &http.Client{Transport: transport, Timeout: realmtest.Patience}}
}

// loginAsAdmin signs in with the password that the operator made.
func (r realm) loginAsAdmin(t *testing.T, c *realmtest.App) {
	t.Helper()
	email := secret(t, r.namespace, r.name+"-initial-admin", "email")
	password := secret(t, r.namespace, r.name+"-initial-admin", "password")
	if err := c.LogIn(t.Context(), email, password); err != nil {
		t.Fatalf("log in as the initial admin: %v", err)
	}
}

// manifest is a whole realm in a namespace of its own that admits only restricted pods.
func (r realm) manifest(spec string) string {
	issuer := url.URL{Scheme: "https", Host: fmt.Sprintf("%s.%s.svc.cluster.local", r.name, r.namespace)}
	return fmt.Sprintf(`apiVersion: v1
kind: Namespace
metadata:
  name: %s
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: auth.realmkeeper.io/v1alpha1
kind: AuthRealm
metadata:
  name: %s
  namespace: %s
spec:
  issuer: %s
%s`, r.namespace, r.name, r.namespace, issuer.String(), spec)
}
