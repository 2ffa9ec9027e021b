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
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// Dex is a real OpenID Connect provider of one test.
type Dex struct {
	Issuer                 string
	ClientID, ClientSecret string
}

// Person is somebody with a password at a provider.
type Person struct{ ID, Email, Name, Password string }

// StartDex runs a provider that knows people, and one client with one callback.
// It ends with the test.
func StartDex(t testing.TB, callback string, people ...Person) *Dex {
	t.Helper()
	d, daemon, err := startDex(t.Context(), callback, people)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := daemon.stop(); err != nil {
			t.Errorf("stop dex: %v", err)
		}
	})
	return d
}

func startDex(ctx context.Context, callback string, people []Person) (*Dex, *daemon, error) {
	programs, err := built(ctx, "peers.sh")
	if err != nil {
		return nil, nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, nil, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	d := &Dex{Issuer: "http://" + address + "/dex", ClientID: "realmkeeper", ClientSecret: "secret of the client at dex"}
	config, err := d.config(address, callback, people)
	if err != nil {
		return nil, nil, err
	}
	folder, err := newFolder("dex")
	if err != nil {
		return nil, nil, err
	}
	// The cache may be in a home folder that others may not enter.
	server := filepath.Join(folder, "dex")
	err = errors.Join(copyProgram(filepath.Join(programs, "dex"), server),
		os.WriteFile(filepath.Join(folder, "config.json"), config, 0o644)) // of a test: nothing in it is worth hiding
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	daemon, err := startDaemon(folder, "TERM", server, "serve", "config.json")
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := daemon.await(ctx, d.answers); err != nil {
		return nil, nil, errors.Join(err, daemon.stop())
	}
	return d, daemon, nil
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
	root, err := filepath.Abs(".")
	for err == nil {
		script := filepath.Join(root, "hack", name)
		if _, missing := os.Stat(script); missing == nil {
			out, err := exec.CommandContext(ctx, script).Output()
			if err != nil {
				return "", fmt.Errorf("build with hack/%s: %w", name, err)
			}
			return string(out[:len(out)-1]), nil
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
