// SPDX-License-Identifier: Apache-2.0

// Package scale measures the operator with many realms, and with many clients of one, on a
// real API server (`make scale`). The operator is the release's program, in a process of its own.
// The test plays what is not there: Kubernetes' controllers, the kubelet, the
// pods, and the identity providers. Pods exist at the API alone; what the operator
// asks them over HTTP, the test answers.
package scale
