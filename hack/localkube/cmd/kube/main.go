// SPDX-License-Identifier: Apache-2.0

//go:build kube

// Command kube is a whole one-node Kubernetes in one file. Like busybox it
// looks at the name it was started by: link it as etcd, kube-apiserver,
// kubelet and so on. One file instead of nine saves most of the link time and
// disk space, because the programs share nearly all of their packages.
//
// Only localkube assets builds it, with the tag kube: without the tag, checks
// of this whole module would compile and analyse all of Kubernetes each time.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	name := filepath.Base(os.Args[0])
	run, known := programs()[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: link this file under the name of one of its programs:\n", name)
		for _, known := range slices.Sorted(maps.Keys(programs())) {
			fmt.Fprintf(os.Stderr, "  %s\n", known)
		}
		os.Exit(64)
	}
	os.Exit(run())
}

// programs maps every name to its program, which reads os.Args and returns
// the exit status of the process.
func programs() map[string]func() int {
	return map[string]func() int{
		"etcd":          runEtcd,
		"coredns":       runCoreDNS,
		"local-storage": runLocalStorage,
		"kubectl":       runKubectl,

		"kube-apiserver":          component(apiserver.NewAPIServerCommand),
		"kube-controller-manager": component(controllermanager.NewControllerManagerCommand),
		"kube-scheduler":          component(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
		"kube-proxy":              component(proxy.NewProxyCommand),
		"kubelet":                 component(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	}
}

// component defers construction until the program is chosen, because building
// a component's command registers flags and metrics for the whole process.
func component(construct func() *cobra.Command) func() int {
	return func() int { return cli.Run(construct()) }
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}

func runKubectl() int {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints like kubectl does and exits
	}
	return 0
}
