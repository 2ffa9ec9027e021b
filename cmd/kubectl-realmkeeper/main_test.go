// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const issuer, client = "--issuer=https://login.example.com", "--client-id=identity.kubectl"

func TestCommandsThatAreNone(t *testing.T) {
	for name, args := range map[string][]string{
		"nothing":                   {},
		"an unknown command":        {"signin", issuer, client},
		"no issuer":                 {"login", client},
		"no client":                 {"login", issuer},
		"an argument":               {"token", issuer, client, "please"},
		"an unknown flag":           {"token", issuer, client, "--colour=blue"},
		"an authority that is none": {"login", issuer, client, "--certificate-authority=/nowhere"},
		"an issuer without TLS":     {"login", "--issuer=http://login.example.com", client},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			var out bytes.Buffer
			if err := run(t.Context(), args, os.Getenv, &out, io.Discard); err == nil || out.Len() > 0 {
				t.Errorf("it is taken: %v, %s", err, &out)
			}
		})
	}
	if err := run(t.Context(), []string{"login", "--help"}, os.Getenv, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help makes %v", err)
	}
}

// Who is not signed in reads in one line how to be, by a command for a shell.
func TestWhoIsNotSignedInIsToldHow(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	authority := filepath.Join(cache, "it's ours.crt")
	if err := os.WriteFile(authority, []byte(certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, told bytes.Buffer
	err := run(t.Context(), []string{"token", issuer, client, "--certificate-authority=" + authority, "--device", "--scopes=openid"}, os.Getenv, &out, &told)
	want := "nobody is signed in at https://login.example.com; sign in with: kubectl realmkeeper login --issuer=https://login.example.com " +
		"--client-id=identity.kubectl --certificate-authority='" + cache + `/it'\''s ours.crt' --scopes=openid --device`
	if err == nil || err.Error() != want || out.Len() > 0 || told.Len() > 0 {
		t.Errorf("it says %v\nand %s%s", err, &out, &told)
	}
}

func TestWhatFlagsSay(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/cache")
	o, err := parse("login", []string{issuer, client, "--scopes=openid,groups", "--device"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.plugin(os.Getenv, io.Discard)
	if err != nil || p.Issuer != "https://login.example.com" || p.ClientID != "identity.kubectl" || !slices.Equal(p.Scopes, []string{"openid", "groups"}) ||
		!p.Device || !strings.HasSuffix(p.Dir, "realmkeeper/kubectl") {
		t.Errorf("read %+v, %v", p, err)
	}
}

// certificate is one that nothing is signed by.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUA+FgKW1aIiSCBnfDLMG6OlsXLbkwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMzAxNTIxMThaGA8yMTI2MTEwNjE1MjEx
OFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBQ6
dsWxt17wGZPdb5EI6hCvqZj54Qak0lChOXqo1LrBdpT+eGymFOkhT1LkBbXpur1K
pzdHPERccU3OjyoKCKijUzBRMB0GA1UdDgQWBBQ1f0WjtM3nBBz1sTFwI4hW3Uuf
ijAfBgNVHSMEGDAWgBQ1f0WjtM3nBBz1sTFwI4hW3UufijAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIG7XjHOGPIqA7FL0RP/y2If/9A4enWCiOYq8
8Q2ccHngAiAVhukwZ/yN/L/vUdAh98XQrFD7dV6mjZh4E1/hiQv+bQ==
-----END CERTIFICATE-----
`
