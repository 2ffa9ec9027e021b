// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// Dex is a real OpenID Connect provider of one test.
type Dex struct {
	Issuer                 string
	ClientID, ClientSecret string

	folder string
	daemon *daemon
}

// Person is somebody with a password at a provider.
type Person struct{ ID, Email, Name, Password string }

// StartDex runs a provider that knows people, and one client with one callback.
// It ends with the test.
func StartDex(t testing.TB, callback string, people ...Person) *Dex {
	t.Helper()
	return StartDexAt(t, "127.0.0.1", callback, people...)
}

// StartDexAt is StartDex at an address of the machine that others can reach.
func StartDexAt(t testing.TB, ip, callback string, people ...Person) *Dex {
	t.Helper()
	d, err := newDex(t.Context(), ip, callback, people)
	if err != nil {
		t.Fatal(err)
	}
	d.Start(t)
	t.Cleanup(func() {
		if err := d.end(); err != nil {
			t.Errorf("stop dex: %v", err)
		}
	})
	return d
}

func newDex(ctx context.Context, ip, callback string, people []Person) (*Dex, error) {
	programs, err := built(ctx, "peers.sh")
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(ip, strconv.Itoa(port))
	d := &Dex{Issuer: "http://" + address + "/dex", ClientID: "realmkeeper", ClientSecret: "secret of the client at dex"}
	config, err := d.config(address, callback, people)
	if err != nil {
		return nil, err
	}
	if d.folder, err = newFolder("dex"); err != nil {
		return nil, err
	}
	// The cache may be in a home folder that others may not enter.
	err = errors.Join(copyProgram(filepath.Join(programs, "dex"), filepath.Join(d.folder, "dex")),
		os.WriteFile(filepath.Join(d.folder, "config.json"), config, 0o644)) // of a test: nothing in it is worth hiding
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(d.folder))
	}
	return d, nil
}

// Start starts the provider again after a Stop, at the same address.
func (d *Dex) Start(t testing.TB) {
	t.Helper()
	var err error
	d.daemon, err = startDaemon(d.folder, "TERM", filepath.Join(d.folder, "dex"), "serve", "config.json")
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(d.folder)))
	}
	if err := d.daemon.await(t.Context(), d.answers); err != nil {
		t.Fatal(errors.Join(err, d.end()))
	}
}

// Stop stops the provider. It forgets who has signed in, and knows the same people.
func (d *Dex) Stop(t testing.TB) {
	t.Helper()
	if err := d.daemon.halt(); err != nil {
		t.Fatal(err)
	}
	d.daemon = nil
}

func (d *Dex) end() error {
	if d.daemon == nil {
		return os.RemoveAll(d.folder)
	}
	return d.daemon.stop()
}

func (d *Dex) config(address, callback string, people []Person) ([]byte, error) {
	passwords := []map[string]string{}
	for _, p := range people {
		hash, err := bcrypt.GenerateFromPassword([]byte(p.Password), bcrypt.DefaultCost)
		if err != nil {
			return nil, fmt.Errorf("hash password for dex: %w", err)
		}
		passwords = append(passwords, map[string]string{
			"email": p.Email, "hash": string(hash), "username": p.Name, "userID": p.ID,
		})
	}
	return json.Marshal(map[string]any{
		"issuer":           d.Issuer,
		"storage":          map[string]string{"type": "memory"},
		"web":              map[string]string{"http": address},
		"oauth2":           map[string]any{"skipApprovalScreen": true},
		"enablePasswordDB": true, "staticPasswords": passwords,
		"staticClients": []map[string]any{{
			"id": d.ClientID, "name": "Realmkeeper", "secret": d.ClientSecret, "redirectURIs": []string{callback},
		}},
	})
}

func (d *Dex) answers(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("dex answered %d", response.StatusCode)
	}
	return nil
}

// built is the folder that a script in hack makes when it is missing, and names.
func built(ctx context.Context, name string) (string, error) {
	script, err := inHack(name)
	if err != nil {
		return "", err
	}
	if err := DependsOn(script, strings.TrimSuffix(script, ".sh")); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, script).Output()
	if err != nil {
		return "", fmt.Errorf("build with hack/%s: %w", name, err)
	}
	return string(out[:len(out)-1]), nil
}

// inHack is the path of a file of the project's hack.
func inHack(name string) (string, error) {
	root, err := filepath.Abs(".")
	for err == nil {
		path := filepath.Join(root, "hack", name)
		if _, missing := os.Stat(path); missing == nil {
			return path, nil
		}
		if root == filepath.Dir(root) {
			break
		}
		root = filepath.Dir(root)
	}
	return "", fmt.Errorf("find hack/%s: not above the working folder", name)
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
