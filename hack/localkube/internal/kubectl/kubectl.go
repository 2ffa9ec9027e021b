// SPDX-License-Identifier: Apache-2.0

// Package kubectl talks to a cluster the way its users do, so that every step
// can be repeated by hand.
package kubectl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Client is a kubectl and the cluster it talks to.
type Client struct {
	Program    string // path or name of kubectl
	Kubeconfig string // empty means the user's own kubeconfig and current context
}

// Environment is that of this process with the client's kubeconfig.
func (k Client) Environment() []string {
	if k.Kubeconfig == "" {
		return os.Environ()
	}
	return append(os.Environ(), "KUBECONFIG="+k.Kubeconfig)
}

// Run returns what kubectl prints. The error shows what it complained about.
func (k Client) Run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, k.Program, args...)
	cmd.Env = k.Environment()
	cmd.Stdin = bytes.NewReader(stdin)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(complaints.Bytes()))
	}
	return out.Bytes(), nil
}

// Get decodes the JSON of what kubectl get finds into object.
func (k Client) Get(ctx context.Context, object any, args ...string) error {
	out, err := k.Run(ctx, nil, append([]string{"get", "--output=json"}, args...)...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, object); err != nil {
		return fmt.Errorf("decode kubectl get %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
