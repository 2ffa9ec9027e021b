// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// kubectl runs one command and returns what it printed, trimmed. A failure ends
// the test with kubectl's own words.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tryKubectl(t.Context(), "", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// apply sends a manifest to the API server.
func apply(t *testing.T, manifest string) {
	t.Helper()
	if out, err := tryKubectl(t.Context(), manifest, "apply", "-f", "-"); err != nil {
		t.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

func tryKubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return strings.TrimSpace(stderr.String() + out.String()), err
	}
	return strings.TrimSpace(out.String()), nil
}

// field reads one JSONPath of one object, "" when it is not set.
func field(t *testing.T, namespace, object, path string) string {
	t.Helper()
	return kubectl(t, "get", "-n", namespace, object, "-o", "jsonpath={"+path+"}")
}

// secret reads one decoded key of a Secret.
func secret(t *testing.T, namespace, name, key string) string {
	t.Helper()
	value, err := base64.StdEncoding.DecodeString(field(t, namespace, "secret/"+name, ".data."+key))
	if err != nil {
		t.Fatalf("decode secret %s/%s key %s: %v", namespace, name, key, err)
	}
	return string(value)
}

// eventually asks again every quarter of a second until the question is answered
// with "", and fails with the last answer when the time is up.
func eventually(t *testing.T, within time.Duration, question func() string) {
	t.Helper()
	deadline := time.After(within)
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	for {
		answer := question()
		if answer == "" {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("after %s: %s", within, answer)
		case <-again.C:
		}
	}
}
