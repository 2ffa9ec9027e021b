// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"

	"github.com/realmkeeper/realmkeeper/controllers"
)

// flags are the command line.
type flags struct {
	namespace      string
	watchNamespace string

	image         string
	postgresImage string
	redisImage    string
	pullSecrets   names

	policy controllers.Policy

	metricsAddress string
	healthAddress  string
	leaderElect    bool
	kubeAPIQPS     float32
	kubeAPIBurst   int
	logLevel       slog.Level
}

func parseFlags(args []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("operator", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.namespace, "namespace", "realmkeeper-system",
		"the namespace the operator runs in, from where network policies let it reach pods")
	set.StringVar(&f.watchNamespace, "watch-namespace", "",
		"the one namespace to look for AuthRealms in; all of them when empty")
	set.StringVar(&f.image, "image", "ghcr.io/realmkeeper/realmkeeper:latest",
		"the image of auth servers, where a realm names none")
	set.StringVar(&f.postgresImage, "postgres-image", "docker.io/library/postgres:15-bookworm",
		"the image of managed databases, where a realm names none")
	set.StringVar(&f.redisImage, "redis-image", "docker.io/library/redis:7-bookworm",
		"the image of managed caches, where a realm names none")
	set.Func("allowed-images",
		"where else realms may have images from, each with its registry: repositories, or names that end with a slash for all that is below; parted by commas",
		list(&f.policy.Images))
	set.BoolVar(&f.policy.PrivateNetworks, "allow-private-networks", false,
		"let realms and providers connect to private addresses, where they ask for it")
	set.Func("allowed-ingress-annotations",
		"annotations that realms may give their Ingresses: names, or domains that end with a slash; parted by commas",
		list(&f.policy.IngressAnnotations))
	set.Var(&f.pullSecrets, "image-pull-secrets",
		"the Secrets in a realm's namespace to pull images with, where a realm names none: names with commas between")
	set.StringVar(&f.metricsAddress, "metrics-bind-address", ":8080",
		"where to serve metrics over plain HTTP; 0 for nowhere")
	set.StringVar(&f.healthAddress, "health-probe-bind-address", ":8081",
		"where to answer /healthz and /readyz")
	set.BoolVar(&f.leaderElect, "leader-elect", false,
		"let one of several operators work at a time")
	qps := set.Float64("kube-api-qps", 500,
		"how many requests a second to make to the API server, in the long run")
	set.IntVar(&f.kubeAPIBurst, "kube-api-burst", 500,
		"how many requests to make at once")
	set.TextVar(&f.logLevel, "log-level", slog.LevelInfo,
		"the least severe log level to write: debug, info, warn or error")
	if err := set.Parse(args); err != nil {
		return flags{}, err
	}
	switch {
	case set.NArg() > 0:
		return flags{}, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case *qps < 1 || f.kubeAPIBurst < 1:
		return flags{}, errors.New("kube-api-qps and kube-api-burst must be 1 or more")
	}
	f.kubeAPIQPS = float32(*qps)
	return f, f.policy.Validate()
}

// list reads values that commas part, of which there may be none.
func list(into *[]string) func(string) error {
	return func(text string) error {
		if text != "" {
			*into = strings.Split(text, ",")
		}
		return nil
	}
}

// names are a flag's list of names of objects.
type names []string

func (n *names) String() string { return strings.Join(*n, ",") }

// Set replaces the list.
func (n *names) Set(list string) error {
	*n = nil
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if problems := validation.NameIsDNSSubdomain(name, false); len(problems) > 0 {
			return fmt.Errorf("%q is no name of an object: %s", name, problems[0])
		}
		*n = append(*n, name)
	}
	return nil
}
