// SPDX-License-Identifier: Apache-2.0

// Package login signs in to the sample realm the way an application would:
// curl over TLS through the Service, then a check of the token against the
// realm's published keys.
package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/console"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/kubectl"
)

// Login is one sign-in to one realm.
type Login struct {
	Root             string // the checkout
	Cluster          string // what make calls it: local, current or kind
	State            string // the cluster's folder in Root
	Namespace, Realm string
	Kubectl          kubectl.Client
	Console          *console.Console

	// Forward is for clusters whose Services this machine cannot reach: the
	// requests then go through kubectl port-forward.
	Forward bool
}

// realm is what it takes to reach a realm.
type realm struct {
	issuer    *url.URL
	authority []byte // PEM of the realm's own certificate authority
	file      string // where authority is, relative to the checkout
	address   string // host:port to connect to instead of the issuer's
}

// Run signs in and prints the command that did, the claims of the verified
// access token, and what to try next.
func (l Login) Run(ctx context.Context) error {
	r, err := l.find(ctx)
	if err != nil {
		return err
	}
	if l.Forward {
		if r.address, err = freeAddress(); err != nil {
			return err
		}
		stop, err := l.forward(ctx, r.address)
		if err != nil {
			return err
		}
		defer stop()
	}
	command := l.command(r)
	l.Console.Print("\nLogging in. The same by hand:\n\n" + l.preparation(r) + command + "\n\n")
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", command)
	cmd.Dir = l.Root
	cmd.Env = l.Kubectl.Environment()
	if l.bringsKubectl() {
		cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(l.Kubectl.Program)+":"+os.Getenv("PATH"))
	}
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("log in: %w\n%s%s", err, out.Bytes(), complaints.Bytes())
	}
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(out.Bytes(), &tokens); err != nil {
		return fmt.Errorf("read the answer to the log-in: %w", err)
	}
	if tokens.Access == "" {
		return errors.New("the answer to the log-in holds no access token")
	}
	claims, err := verify(ctx, r, tokens.Access)
	if err != nil {
		return err
	}
	l.Console.Print("Logged in. The access token verifies against " + r.issuer.String() + "/.well-known/jwks.json and says:\n\n")
	l.Console.Print(indent(claims))
	l.Console.Print(l.next(r))
	return nil
}

// find reads from the cluster what it takes to reach the realm and stores the
// certificate of its authority for curl.
func (l Login) find(ctx context.Context) (realm, error) {
	var authRealm struct {
		Spec struct {
			Issuer string `json:"issuer"`
		} `json:"spec"`
	}
	if err := l.Kubectl.Get(ctx, &authRealm, "authrealm/"+l.Realm, "--namespace", l.Namespace); err != nil {
		return realm{}, err
	}
	issuer, err := url.Parse(authRealm.Spec.Issuer)
	if err != nil {
		return realm{}, fmt.Errorf("parse issuer: %w", err)
	}
	var service struct {
		Spec struct {
			ClusterIP string `json:"clusterIP"`
		} `json:"spec"`
	}
	if err := l.Kubectl.Get(ctx, &service, "service/"+l.Realm, "--namespace", l.Namespace); err != nil {
		return realm{}, err
	}
	var configMap struct {
		Data map[string]string `json:"data"`
	}
	if err := l.Kubectl.Get(ctx, &configMap, "configmap/"+l.Realm+"-ca", "--namespace", l.Namespace); err != nil {
		return realm{}, err
	}
	r := realm{
		issuer: issuer, authority: []byte(configMap.Data["ca.crt"]),
		file: filepath.Join(l.State, l.Realm+"-ca.crt"), address: service.Spec.ClusterIP + ":443",
	}
	if err := os.MkdirAll(filepath.Join(l.Root, l.State), 0o700); err != nil {
		return realm{}, fmt.Errorf("create state folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(l.Root, r.file), r.authority, 0o644); err != nil {
		return realm{}, fmt.Errorf("store the realm's authority: %w", err)
	}
	return r, nil
}

// bringsKubectl tells whether the cluster's folder has a kubectl of its own in bin.
func (l Login) bringsKubectl() bool { return filepath.IsAbs(l.Kubectl.Program) }

// preparation are the lines to type once before the command.
func (l Login) preparation(r realm) string {
	text := "  cd " + l.Root + "\n"
	if l.Kubectl.Kubeconfig != "" {
		text += "  export KUBECONFIG=$PWD/" + l.State + "/kubeconfig"
		if l.bringsKubectl() {
			text += " PATH=$PWD/" + l.State + "/bin:$PATH"
		}
		text += "\n"
	}
	if l.Forward {
		text += "  " + strings.Join(append([]string{"kubectl"}, l.forwardArgs(r.address)...), " ") + " &\n"
	}
	return text + "  "
}

// command reads the password from its Secret straight into curl, so that it is
// neither printed nor in the arguments of a process.
func (l Login) command(r realm) string {
	return fmt.Sprintf(`kubectl -n %s get secret %s-initial-admin -o go-template='{"email":{{printf "%%q" (base64decode .data.email)}},"password":{{printf "%%q" (base64decode .data.password)}}}' |
    %s -H 'Content-Type: application/json' -d @- %s/api/auth/login`, l.Namespace, l.Realm, curl(r), r.issuer)
}

func curl(r realm) string {
	port := r.issuer.Port()
	if port == "" {
		port = "443"
	}
	return fmt.Sprintf("curl -sS --fail-with-body --cacert %s --connect-to %s:%s:%s", r.file, r.issuer.Hostname(), port, r.address)
}

func (l Login) next(r realm) string {
	return fmt.Sprintf(`
What to try next, in the same shell:

  kubectl -n %[1]s get authrealms                      # is it up, where, how many, which key
  kubectl -n %[1]s describe authrealm %[2]s     # every condition in words
  kubectl -n %[1]s logs deploy/%[2]s            # the auth server
  %[3]s %[4]s/.well-known/openid-configuration
  %[5]s

`, l.Namespace, l.Realm, curl(r), r.issuer, l.targets())
}

// targets are those of the Makefile that concern this cluster.
func (l Login) targets() string {
	if l.Cluster == "local" {
		return "make status, make e2e, and make down to remove everything"
	}
	return fmt.Sprintf("make status CLUSTER=%[1]s, and make down CLUSTER=%[1]s to undo it", l.Cluster)
}

func indent(document []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, document, "  ", "  "); err != nil {
		return string(document)
	}
	return "  " + out.String() + "\n"
}
