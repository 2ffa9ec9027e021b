// SPDX-License-Identifier: Apache-2.0

// Package node runs the programs of a one-node cluster in namespaces of their
// own: one process tree, whose first process ends all others when it ends, and
// one mount tree that nobody else sees and that disappears with its last
// process. That is why nothing is left behind, even after a crash, and why the
// machine's own /var/lib/kubelet, /run/containerd and /var/log stay untouched.
package node

import (
	"encoding/json"
	"fmt"
	"os"
)

// Where the running node finds its two folders. Short and constant paths keep
// the rendered files equal in every checkout and unix sockets under their
// limit of 108 bytes.
const (
	State    = "/run/localkube/state"
	Programs = "/run/localkube/programs"
)

// Resolvers is the file that programs of the node read in the place of /etc/resolv.conf.
const Resolvers = State + "/config/node-resolv.conf"

// Plan says what runs on the node.
type Plan struct {
	Components []Component `json:"components"`
}

// Component is one program, restarted when it ends.
type Component struct {
	Name string   `json:"name"`
	Args []string `json:"args"` // the first one is the absolute path of the program
	// Needs names the components that must be ready before this one starts.
	Needs []string `json:"needs,omitempty"`
	Ready Probe    `json:"ready"`
}

// Probe tells when a component is ready: when URL answers 200 or when Socket
// accepts a connection. The zero Probe means as soon as it has started.
type Probe struct {
	URL    string `json:"url,omitempty"`
	Socket string `json:"socket,omitempty"`
}

// Status is what the node reports while it runs, by component name.
type Status map[string]ComponentStatus

// ComponentStatus describes one component.
type ComponentStatus struct {
	Ready   bool   `json:"ready"`
	Exits   int    `json:"exits"`             // how often it ended by itself
	Failure string `json:"failure,omitempty"` // how it ended last
}

// WritePlan stores plan for the process that [Run] turns into the node.
func WritePlan(path string, plan Plan) error { return writeJSON(path, plan) }

// ReadStatus reads what the node last reported. A node that has not reported
// yet has an empty status.
func ReadStatus(path string) (Status, error) {
	status := Status{}
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return status, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read node status: %w", err)
	}
	if err := json.Unmarshal(content, &status); err != nil {
		return nil, fmt.Errorf("decode node status: %w", err)
	}
	return status, nil
}

// writeJSON replaces the file at path at once, so that readers never see half of it.
func writeJSON(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	return nil
}
