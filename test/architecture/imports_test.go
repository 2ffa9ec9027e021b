// SPDX-License-Identifier: Apache-2.0

// Package architecture holds the tests of the project's shape: who may import
// whom, and what packages may be called.
package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/realmkeeper/realmkeeper/"

// pkg is what `go list -json` says of a package. Only the last two are of its tests.
type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	Deps         []string
	TestImports  []string
	XTestImports []string
}

// rule forbids a part of the tree some imports.
type rule struct {
	name string
	// within is the part, as an import path below the module.
	within string
	// forbidden says whether an import of pkg is against the rule.
	forbidden func(imported string) bool
	// direct looks at the package's own imports only, not at what those import.
	direct bool
	// tests looks at what the package's tests import as well.
	tests bool
}

// adapters each hide one thing of the world from the policy; only the package
// authserver knows them all.
var adapters = []string{"gateway", "httpapi", "live", "mail", "metrics", "oidc", "password", "postgres", "redis", "sealing", "sms", "token", "tracing", "upstream", "userimport", "web", "webauthn"}

// capabilities are what a realm can do, from the vocabulary up. None knows an
// adapter: each declares what it needs of the world.
var capabilities = []string{
	"auth", "recent", "passwordrules", "dpop", "client", "audit", "registrar", "notify", "attempts", "session", "grant", "backchannel", "requirement", "mfa", "passkey", "signin", "group", "personaltoken", "serviceaccount", "reclaim", "mailcode", "federation", "account", "admin",
}

func rules() []rule {
	list := []rule{
		{name: "the kinds know nothing of ours", within: "api", forbidden: below(module[:len(module)-1], "api")},
		{name: "the kinds know only Kubernetes types", within: "api", direct: true,
			forbidden: func(p string) bool {
				return strings.Contains(p, "controller-runtime/pkg/client") || outside("k8s.io/", "sigs.k8s.io/")(p)
			}},
		{name: "the contract is a leaf", within: "authserver/realmconfig", forbidden: isNotStandard},
		{name: "a pod never talks to Kubernetes", within: "authserver",
			forbidden: startingWith("k8s.io/", "sigs.k8s.io/", module+"api", module+"controllers")},
		{name: "a pod's program never talks to Kubernetes", within: "cmd/authserver",
			forbidden: startingWith("k8s.io/", "sigs.k8s.io/", module+"api", module+"controllers")},
		{name: "the hashing engine knows no policy", within: "authserver/internal/password",
			forbidden: startingWith("net/http", module+"authserver/internal/auth")},
		{name: "bcrypt stands by itself", within: "authserver/internal/password/bcrypt", tests: true, forbidden: outside("golang.org/x/")},
		{name: "the operator knows of the server only the contract", within: "controllers",
			forbidden: below(module+"authserver", "realmconfig")},
		{name: "what operator and server share knows neither", within: "internal/discovery",
			forbidden: startingWith("k8s.io/", "sigs.k8s.io/", module+"api", module+"controllers", module+"authserver/internal")},
		{name: "what claims are, operator and server agree on", within: "internal/claims",
			forbidden: outside("github.com/google/cel-go/", "cel.dev/expr", "github.com/antlr4-go/antlr/", "golang.org/x/exp", "golang.org/x/text/",
				"google.golang.org/genproto/googleapis/", "google.golang.org/protobuf/", "go.yaml.in/yaml/", module+"authserver/realmconfig")},
		{name: "the worlds of tests know the server by what it lets everybody know", within: "internal/testenv", direct: true,
			forbidden: startingWith(module+"authserver/internal", module+"controllers")},
		{name: "what an address is, operator and server agree on", within: "internal/mailaddress", forbidden: outside("golang.org/x/net/idna", "golang.org/x/text/")},
		{name: "the guard of outgoing requests knows no more than how to speak TLS", within: "internal/outbound", forbidden: outside(module + "internal/tlspolicy")},
		{name: "how to speak TLS is a leaf", within: "internal/tlspolicy", forbidden: isNotStandard},
		{name: "what is known of a request is no transport's", within: "authserver/internal/request",
			forbidden: below(module+"authserver/internal", "auth")},
		{name: "what a refusal means is no transport's", within: "authserver/internal/problem",
			forbidden: below(module+"authserver/internal", "auth", "request")},
		{name: "kubectl's plugin stands on OAuth alone", within: "internal/credentialplugin",
			forbidden: outside("golang.org/x/oauth2", "golang.org/x/sys/", "github.com/golang-jwt/", "github.com/go-jose/", "github.com/google/uuid",
				module+"internal/discovery", module+"internal/tlspolicy", module+"authserver/realmconfig")},
		{name: "kubectl's program is the plugin and nothing else", within: "cmd/kubectl-realmkeeper", direct: true,
			forbidden: outside(module + "internal/credentialplugin")},
		{name: "the life of a server knows nothing of ours", within: "authserver/internal/lifecycle", forbidden: isNotStandard},
	}
	for _, adapter := range adapters {
		list = append(list, rule{
			name: "adapter " + adapter + " knows no other adapter", within: "authserver/internal/" + adapter,
			forbidden: func(p string) bool {
				name, found := strings.CutPrefix(p, module+"authserver/internal/")
				name, _, _ = strings.Cut(name, "/")
				return found && name != adapter && slices.Contains(adapters, name)
			},
		})
	}
	for i, capability := range capabilities {
		list = append(list, rule{
			name: "capability " + capability + " stands on those below it alone", within: "authserver/internal/" + capability,
			forbidden: func(p string) bool {
				name, ours := strings.CutPrefix(p, module+"authserver/internal/")
				return ours && !slices.Contains(capabilities[:i], name) ||
					startingWith("net/http", "github.com/jackc/", "github.com/redis/")(p)
			},
		})
	}
	return list
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	t.Parallel()
	packages := list(t)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, p := range packages {
				name := strings.TrimPrefix(p.ImportPath, module)
				if name != r.within && !strings.HasPrefix(name, r.within+"/") {
					continue
				}
				imports := p.Deps
				if r.direct {
					imports = p.Imports
				}
				if r.tests {
					imports = slices.Concat(imports, p.TestImports, p.XTestImports)
				}
				for _, imported := range imports {
					if imported != p.ImportPath && !strings.HasPrefix(imported, module+r.within+"/") && r.forbidden(imported) {
						t.Errorf("%s imports %s", name, imported)
					}
				}
			}
		})
	}
}

func TestPackagesAreNamedAfterSomething(t *testing.T) {
	t.Parallel()
	vague := []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "models", "base", "shared"}
	for _, p := range list(t) {
		if slices.Contains(vague, path.Base(p.ImportPath)) {
			t.Errorf("package %s is named after nothing in particular", p.ImportPath)
		}
	}
}

// list is every package of the module.
func list(t *testing.T) []pkg {
	t.Helper()
	lookAtSources(t)
	packages, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// listed asks the go command, which takes some seconds.
var listed = sync.OnceValues(func() ([]pkg, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Standard,Imports,Deps,TestImports,XTestImports", module+"...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("go list: %w\n%s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	packages, answer := []pkg{}, json.NewDecoder(bytes.NewReader(out))
	for answer.More() {
		var p pkg
		if err := answer.Decode(&p); err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		packages = append(packages, p)
	}
	return packages, nil
})

// lookAtSources makes the go command see that this test depends on every source
// file: it caches a test's success by the files that the test itself has looked
// at, and those that `go list` reads do not count.
func lookAtSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		if entry != nil && entry.IsDir() && entry.Name() == ".localkube" {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatalf("look at the sources: %v", err)
	}
}

func startingWith(prefixes ...string) func(string) bool {
	return func(imported string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(imported, prefix) })
	}
}

// below forbids everything under root but the named packages directly below it.
func below(root string, but ...string) func(string) bool {
	return func(imported string) bool {
		name, found := strings.CutPrefix(imported, root+"/")
		return found && !slices.Contains(but, name)
	}
}

// outside forbids every import beyond the standard library and the prefixes.
func outside(prefixes ...string) func(string) bool {
	return func(imported string) bool { return isNotStandard(imported) && !startingWith(prefixes...)(imported) }
}

// isNotStandard relies on the standard library's paths having no dot before the
// first slash.
func isNotStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}
