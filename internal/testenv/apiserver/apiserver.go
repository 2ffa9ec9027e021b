// SPDX-License-Identifier: Apache-2.0

// Package apiserver gives tests a real Kubernetes API server, with etcd behind
// it and this project's kinds in it.
//
// There is no kubelet and no controller: what they would do, a test does. Start
// one control plane per test binary, in TestMain, and give every test a
// namespace of its own. It ends with the test, even with one that is killed.
package apiserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// assetsVariable names the folder with etcd and kube-apiserver, as every tool
// around envtest does.
const assetsVariable = "KUBEBUILDER_ASSETS"

// buildFlags are those of all builds of this project, which share one cache.
const buildFlags = "-trimpath -buildvcs=false -gcflags=all=-dwarf=false"

// ControlPlane is a running API server.
type ControlPlane struct {
	environment *envtest.Environment
	config      *rest.Config
	scheme      *runtime.Scheme
	root        string

	// folder is where both processes work, and release sends away their keeper.
	folder  string
	release func() error
}

// Start brings up etcd and a kube-apiserver, from the folder that
// KUBEBUILDER_ASSETS names, or else as hack/localkube builds them.
func Start(ctx context.Context) (*ControlPlane, error) { return StartWith(ctx, nil) }

// StartWith does so with further arguments for kube-apiserver, by their names.
func StartWith(ctx context.Context, arguments map[string]string) (*ControlPlane, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	programs, err := assets(ctx, root)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("build scheme: %w", err)
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: programs,
		CRDDirectoryPaths: []string{
			filepath.Join(root, "config", "crd", "auth.realmkeeper.io_authrealms.yaml"),
			filepath.Join(root, "config", "crd", "auth.realmkeeper.io_oauthproviders.yaml"),
			filepath.Join(root, "config", "crd", "auth.realmkeeper.io_oauthclients.yaml"),
		},
		ErrorIfCRDPathMissing: true,
		Scheme:                scheme,
		// Its own limits are seconds, which an API server may need to start when others do.
		ControlPlaneStartTimeout: eventually.Patience, ControlPlaneStopTimeout: eventually.Patience,
		CRDInstallOptions: envtest.CRDInstallOptions{MaxTime: eventually.Patience},
	}
	for name, value := range arguments {
		environment.ControlPlane.GetAPIServer().Configure().Set(name, value)
	}
	c := &ControlPlane{environment: environment, scheme: scheme, root: root}
	if err := c.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start control plane from %s: %w", programs, err), c.Stop())
	}
	return c, nil
}

func (c *ControlPlane) start() (err error) {
	if c.folder, err = os.MkdirTemp("", "realmkeeper-apiserver-"); err != nil {
		return err
	}
	if c.release, err = keep(c.folder); err != nil {
		return err
	}
	etcd, server := &envtest.Etcd{DataDir: filepath.Join(c.folder, "etcd")}, c.environment.ControlPlane.GetAPIServer()
	c.environment.ControlPlane.Etcd, server.CertDir = etcd, filepath.Join(c.folder, "certificates")
	if err := listen(etcd, server); err != nil {
		return err
	}
	if err := errors.Join(os.Mkdir(etcd.DataDir, 0o700), os.Mkdir(server.CertDir, 0o700)); err != nil {
		return err
	}
	// The default has 254 addresses, too few for many realms.
	server.Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	if c.config, err = c.environment.Start(); err != nil {
		return err
	}
	// A certificate for webhooks, of which there are none, has a folder elsewhere.
	if err := c.environment.WebhookInstallOptions.Cleanup(); err != nil {
		return err
	}
	// Tests run side by side; the client's own limit would make them queue.
	c.config.QPS = -1
	return nil
}

// listen says where both processes do. Those that envtest picks may belong to a connection
// by the time that they are used, which is seconds later for the API server.
func listen(etcd *envtest.Etcd, server *envtest.APIServer) error {
	const host = "127.0.0.1"
	ports := [2]string{}
	for i := range ports {
		port, err := testenv.FreePort()
		if err != nil {
			return err
		}
		ports[i] = strconv.Itoa(port)
	}
	etcd.URL = &url.URL{Scheme: "http", Host: net.JoinHostPort(host, ports[0])}
	server.SecureServing.Address, server.SecureServing.Port = host, ports[1]
	return nil
}

// Stop ends both processes and removes their data.
func (c *ControlPlane) Stop() error {
	err := c.environment.Stop()
	if c.release != nil {
		err = errors.Join(err, c.release())
	}
	if err := errors.Join(err, os.RemoveAll(c.folder)); err != nil {
		return fmt.Errorf("stop control plane: %w", err)
	}
	return nil
}

// Kubectl is the path of a kubectl of the API server's version.
func (c *ControlPlane) Kubectl() string { return c.environment.ControlPlane.KubectlPath }

// Root is the folder of this module.
func (c *ControlPlane) Root() string { return c.root }

// Scheme knows Kubernetes' kinds and this project's.
func (c *ControlPlane) Scheme() *runtime.Scheme { return c.scheme }

// Admin may do everything.
func (c *ControlPlane) Admin() *rest.Config { return rest.CopyConfig(c.config) }

// ServiceAccount may do what roles bound to the service account allow, and
// nothing else. The account itself need not exist.
func (c *ControlPlane) ServiceAccount(namespace, name string) *rest.Config {
	config := c.Admin()
	config.Impersonate = rest.ImpersonationConfig{
		UserName: fmt.Sprintf("system:serviceaccount:%s:%s", namespace, name),
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
	return config
}

// moduleRoot is the folder of the go.mod above the working directory, which a
// test starts in its package's folder.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find module root: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find module root: no go.mod above the working directory")
		}
		dir = parent
	}
}

func assets(ctx context.Context, root string) (string, error) {
	if folder := os.Getenv(assetsVariable); folder != "" {
		return folder, nil
	}
	build := exec.CommandContext(ctx, "go", "-C", filepath.Join(root, "hack", "localkube"), "run", "./cmd/localkube", "assets")
	// As `make` builds it, whatever the test itself was built with.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS="+buildFlags)
	var stderr bytes.Buffer
	build.Stderr = &stderr
	out, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("build etcd and kube-apiserver (or set %s): %w\n%s", assetsVariable, err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}
