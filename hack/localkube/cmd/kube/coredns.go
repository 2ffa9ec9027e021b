// SPDX-License-Identifier: Apache-2.0

//go:build kube

package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	// CoreDNS plugins register themselves. Only the ones a cluster's DNS needs
	// are linked: the full set brings the client libraries of three clouds.
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func runCoreDNS() int {
	// The order of the directives is the order in which a query passes the
	// plugins: kubernetes must answer before forward sends the query away.
	dnsserver.Directives = []string{"bind", "ready", "errors", "kubernetes", "forward"}
	coremain.Run()
	return 0
}
