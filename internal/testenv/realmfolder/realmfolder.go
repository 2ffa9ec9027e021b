// SPDX-License-Identifier: Apache-2.0

// Package realmfolder writes a realm's folder, as the operator mounts it in a
// pod, for tests that run the server. Its settings are the defaults of a realm
// that lets anybody register.
package realmfolder

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Folder is the documents of a realm. A change of them is seen by the server
// after the next Save or Mount.
type Folder struct {
	// Dir is the folder, which realmconfig.Dir is in a pod.
	Dir    string
	Config realmconfig.Config
	Keyset realmconfig.Keyset
	// EncryptionKeys seal what the database must not show.
	EncryptionKeys realmconfig.EncryptionKeys
	// DatabaseURL and CacheURL are where the stores are.
	DatabaseURL, CacheURL string
	// Clients are the realm's applications, and Ended those that are no more; there are
	// no documents of them while both are nil.
	Clients []realmconfig.Client
	Ended   []realmconfig.EndedClient
	// Clusters are those whose workloads may be clients; there is no document of them while
	// it is nil.
	Clusters []realmconfig.Cluster
	// AdminEmail and AdminPassword are of the user that migrations create.
	AdminEmail, AdminPassword string

	versions int
}

// IssuerHost is the name in the server's certificate, beside 127.0.0.1.
const IssuerHost = "auth.example.com"

// New is a folder that lasts as long as the test.
func New(t testing.TB, databaseURL, cacheURL string) *Folder {
	t.Helper()
	return In(t.TempDir(), databaseURL, cacheURL)
}

// In is a folder at dir, which belongs to the caller.
func In(dir, databaseURL, cacheURL string) *Folder {
	return &Folder{
		Dir: dir, Config: Settings(), DatabaseURL: databaseURL, CacheURL: cacheURL,
		Keyset: Keyset(NewKey(realmconfig.ES256), rs256()),
		EncryptionKeys: realmconfig.EncryptionKeys{
			Version: realmconfig.Version, Primary: "one",
			Keys: []realmconfig.EncryptionKey{{ID: "one", Key: make([]byte, realmconfig.EncryptionKeyBytes)}},
		},
		AdminEmail: "admin@example.com", AdminPassword: rand.Text(),
	}
}

// AccessKeys are the keys of the family that signs access tokens.
func (f *Folder) AccessKeys() []realmconfig.Key {
	access, _ := f.Keyset.AccessFamily(time.Now())
	return access.Keys
}

// Settings are the defaults of a realm that lets anybody register, with an
// application beside it and no limit to requests.
func Settings() realmconfig.Config {
	config := realmconfig.Defaults("test/"+rand.Text(), "https://"+IssuerHost)
	config.Tokens.Audience = []string{"https://api.example.com"}
	config.Registration.Mode = realmconfig.Open
	config.TwoFactor.Label, config.UI.DisplayName = "Example", "Example"
	config.Browser.ResetPasswordURL = "https://app.example.com/reset?token={token}"
	config.Browser.VerifyEmailURL = "https://app.example.com/verify?token={token}"
	config.Network.RequestsPerMinute = 0
	return config
}

// Write puts the folder on the disk and returns how a client trusts the server.
func (f *Folder) Write(t testing.TB) *tls.Config {
	t.Helper()
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	roots, err := f.Roots()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{RootCAs: roots}
}

// Roots are those that trust the certificate which is mounted now.
func (f *Folder) Roots() (*x509.CertPool, error) {
	certificate, err := os.ReadFile(filepath.Join(f.Dir, realmconfig.CertificateFile))
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return roots, nil
}

// Save mounts everything, with a new certificate.
func (f *Folder) Save() error {
	certificate, key, err := NewCertificate(time.Now().Add(24 * time.Hour))
	if err != nil {
		return err
	}
	files := f.ClientFiles()
	maps.Copy(files, map[string]any{
		realmconfig.ConfigFile: f.Config, realmconfig.KeysetFile: f.Keyset, realmconfig.EncryptionKeysFile: f.EncryptionKeys,
		realmconfig.CertificateFile: certificate, realmconfig.CertificateKeyFile: key,
		realmconfig.DatabaseURLFile: f.DatabaseURL, realmconfig.CacheURLFile: f.CacheURL,
		realmconfig.InitialAdminEmailFile: f.AdminEmail + "\n", realmconfig.InitialAdminPasswordFile: f.AdminPassword,
	})
	return f.Mount(files)
}

// ClientFiles are the documents of all clients and of clusters, for Mount.
func (f *Folder) ClientFiles() map[string]any {
	files := map[string]any{}
	if f.Clusters != nil {
		files[realmconfig.ClustersFile] = realmconfig.ClusterDocument{Version: realmconfig.Version, Clusters: f.Clusters}
	}
	if f.Clients == nil && f.Ended == nil {
		return files
	}
	for n := range realmconfig.ClientShards {
		d := realmconfig.ClientDocument{Version: realmconfig.Version}
		for _, c := range f.Clients {
			if realmconfig.ClientShard(c.ID) == n {
				d.Clients = append(d.Clients, c)
			}
		}
		for _, e := range f.Ended {
			if realmconfig.ClientShard(e.ID) == n {
				d.Ended = append(d.Ended, e)
			}
		}
		files[realmconfig.ClientFile(n)] = d
	}
	return files
}

// Mount replaces the mounted folders of files, the way the kubelet does it. What
// is not a text is a document and is encoded.
func (f *Folder) Mount(files map[string]any) error {
	folders := map[string]map[string][]byte{}
	for name, content := range files {
		data, err := encode(content)
		if err != nil {
			return fmt.Errorf("mount %s: %w", name, err)
		}
		folder := path.Dir(name)
		if folders[folder] == nil {
			folders[folder] = map[string][]byte{}
		}
		folders[folder][path.Base(name)] = data
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		if err := f.swap(folder, folders[folder]); err != nil {
			return fmt.Errorf("mount %s: %w", folder, err)
		}
	}
	return nil
}

func encode(content any) ([]byte, error) {
	switch c := content.(type) {
	case string:
		return []byte(c), nil
	case realmconfig.ClientDocument:
		return realmconfig.EncodeClients(c)
	default:
		return realmconfig.Encode(c)
	}
}

// swap puts new contents into a new folder; then one rename of the symbolic link
// through which all files are seen shows them.
func (f *Folder) swap(name string, files map[string][]byte) error {
	f.versions++
	folder, version := filepath.Join(f.Dir, name), fmt.Sprintf("..version_%d", f.versions)
	if err := os.MkdirAll(filepath.Join(folder, version), 0o755); err != nil {
		return err
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(folder, version, file), content, 0o600); err != nil {
			return err
		}
	}
	next := filepath.Join(folder, "..data_tmp")
	if err := errors.Join(os.Symlink(version, next), os.Rename(next, filepath.Join(folder, "..data"))); err != nil {
		return err
	}
	for file := range files {
		err := os.Symlink(filepath.Join("..data", file), filepath.Join(folder, file))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
