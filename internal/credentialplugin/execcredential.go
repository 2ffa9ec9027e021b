// SPDX-License-Identifier: Apache-2.0

package credentialplugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// apiVersion is that of ExecCredential. The few fields are written here, since the types of
// client-go bring most of Kubernetes along.
const apiVersion = "client.authentication.k8s.io/v1"

// Credential is what kubectl shows the API server.
type Credential struct {
	Token Secret
	// Expires is when to ask for another.
	Expires time.Time
}

type execCredential struct {
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Spec       execCredentialSpec   `json:"spec"`
	Status     execCredentialStatus `json:"status"`
}

type execCredentialSpec struct {
	Interactive bool `json:"interactive"`
}

type execCredentialStatus struct {
	ExpirationTimestamp time.Time `json:"expirationTimestamp"`
	Token               Secret    `json:"token"`
}

// WriteTo writes the credential as kubectl reads it.
func (c Credential) WriteTo(w io.Writer) (int64, error) {
	document, err := json.Marshal(execCredential{
		APIVersion: apiVersion, Kind: "ExecCredential",
		Status: execCredentialStatus{ExpirationTimestamp: c.Expires.UTC().Truncate(time.Second), Token: c.Token},
	})
	if err != nil {
		return 0, fmt.Errorf("encode ExecCredential: %w", err)
	}
	n, err := w.Write(append(document, '\n'))
	return int64(n), err
}

// CanAsk reports whether kubectl lets its plugin ask somebody, by what it says in the
// environment variable KUBERNETES_EXEC_INFO. It is empty where somebody else has started the
// plugin, who wants no questions.
func CanAsk(execInfo string) (bool, error) {
	if execInfo == "" {
		return false, nil
	}
	info := execCredential{}
	if err := json.Unmarshal([]byte(execInfo), &info); err != nil {
		return false, errors.New("KUBERNETES_EXEC_INFO is no ExecCredential")
	}
	if info.APIVersion != apiVersion {
		return false, fmt.Errorf("the kubeconfig must say apiVersion: %s of this plugin", apiVersion)
	}
	return info.Spec.Interactive, nil
}
