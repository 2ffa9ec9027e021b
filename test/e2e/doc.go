// SPDX-License-Identifier: Apache-2.0

// Package e2e proves the product's promises on a real cluster, as a black box:
// it knows kubectl and HTTPS and imports nothing of the project.
//
// It needs a cluster on which the sample realm is deployed (`make up`), its
// kubeconfig in KUBECONFIG, kubectl in PATH, a network in which Service
// addresses are reachable, and in AUTHENTICATION_CONFIG the file by which its API
// server knows whom to trust. `make e2e` provides all of that. The tests run one
// after the other, because they disturb the same node.
package e2e
