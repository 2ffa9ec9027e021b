// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func goodCluster(name string) realmconfig.Cluster {
	return realmconfig.Cluster{Name: name, Issuer: "https://kubernetes.default.svc.cluster.local", JWKS: json.RawMessage(goodJWKS)}
}

func TestClustersValidate(t *testing.T) {
	t.Parallel()
	type document = realmconfig.ClusterDocument
	for name, c := range map[string]struct {
		change  func(*document)
		problem string
	}{
		"good": {func(*document) {}, ""},
		"none": {func(d *document) { d.Clusters = nil }, ""},
		"keys at a URL": {func(d *document) {
			d.Clusters[1].JWKS, d.Clusters[1].JWKSURI = nil, "https://k8s.example.com/openid/v1/jwks"
		}, ""},
		"an issuer with a port":      {func(d *document) { d.Clusters[0].Issuer = "https://127.0.0.1:6443/" }, ""},
		"another version":            {func(d *document) { d.Version = 2 }, "version: is 2"},
		"one name twice":             {func(d *document) { d.Clusters[1].Name = "" }, "clusters[1].name: stands twice"},
		"a name in capitals":         {func(d *document) { d.Clusters[1].Name = "Staging" }, "clusters[1]: name: "},
		"an issuer without TLS":      {func(d *document) { d.Clusters[0].Issuer = "http://k8s.example.com" }, "clusters[0]: issuer: "},
		"an issuer that is a word":   {func(d *document) { d.Clusters[0].Issuer = "kubernetes/serviceaccount" }, "clusters[0]: issuer: "},
		"an issuer with a user":      {func(d *document) { d.Clusters[0].Issuer = "https://hunter2@k8s.example.com" }, "clusters[0]: issuer: "},
		"keys in two places":         {func(d *document) { d.Clusters[0].JWKSURI = "https://k8s.example.com" }, "needs jwks or jwksURI"},
		"keys in no place":           {func(d *document) { d.Clusters[0].JWKS = nil }, "needs jwks or jwksURI"},
		"keys that are none":         {func(d *document) { d.Clusters[0].JWKS = json.RawMessage(`{"keys": []}`) }, "jwks: must be"},
		"a private key":              {func(d *document) { d.Clusters[0].JWKS = json.RawMessage(`{"keys": [{"kty": "oct", "k": "hunter2"}]}`) }, "private key"},
		"keys at a URL without TLS":  {func(d *document) { d.Clusters[0].JWKS, d.Clusters[0].JWKSURI = nil, "http://k8s.example.com" }, "jwksURI: "},
		"more than anybody declares": {func(d *document) { d.Clusters = make([]realmconfig.Cluster, realmconfig.MaxClusters+1) }, "clusters: must be 17 at most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := document{Version: realmconfig.Version, Clusters: []realmconfig.Cluster{goodCluster(""), goodCluster("staging")}}
			c.change(&d)
			expectProblem(t, d.Validate(), c.problem)
		})
	}
}

// A document that is absent or bad leaves the last good one in force, as those of clients do.
func TestClustersAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, realmconfig.ClustersFile)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := func(s *realmconfig.ClientSet) (r realmconfig.Report) {
		s.ReportTo(&r)
		return r
	}
	set := realmconfig.LoadClients(dir, nil)
	if _, known := set.Cluster(""); known || report(set).ClustersRevision != "" {
		t.Error("a cluster is known that nobody has named")
	}
	good, err := realmconfig.Encode(realmconfig.ClusterDocument{Version: 1, Clusters: []realmconfig.Cluster{goodCluster(""), goodCluster("staging")}})
	if err != nil {
		t.Fatal(err)
	}
	write(string(good))
	set = realmconfig.LoadClients(dir, set)
	revision := report(set).ClustersRevision
	if c, known := set.Cluster("staging"); !known || c.Issuer != goodCluster("").Issuer || revision != realmconfig.Revision(good) {
		t.Fatalf("known is %+v, by the document %q", c, revision)
	}
	if realmconfig.LoadClients(dir, set) != set {
		t.Error("what has not changed is another one")
	}
	for name, content := range map[string]string{
		"no JSON": "{", "an unknown field": `{"version": 1, "clusters": [], "hunter2": 1}`, "data behind it": string(good) + "{}",
		"more than a ConfigMap holds": strings.Repeat(" ", realmconfig.MaxClientDocument+1),
	} {
		write(content)
		next := realmconfig.LoadClients(dir, set)
		if _, known := next.Cluster("staging"); !known || report(next).ClustersRevision != revision || report(next).ClustersProblem == "" {
			t.Errorf("%s: %+v", name, report(next))
		}
		set = next
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	set = realmconfig.LoadClients(dir, set)
	if _, known := set.Cluster(""); !known || report(set).ClustersProblem != "" {
		t.Errorf("without a document: %+v", report(set))
	}
	if _, known := (*realmconfig.ClientSet)(nil).Cluster(""); known {
		t.Error("a set that is none knows a cluster")
	}
}

func TestClientsOfServiceAccountsValidate(t *testing.T) {
	t.Parallel()
	type client = realmconfig.Client
	for name, c := range map[string]struct {
		change  func(*client)
		problem string
	}{
		"good":                   {func(*client) {}, ""},
		"of another cluster":     {func(c *client) { c.ServiceAccounts[0].Cluster = "staging" }, ""},
		"a name with dots":       {func(c *client) { c.ServiceAccounts[0].Name = "orders.v2" }, ""},
		"a secret beside it":     {func(c *client) { c.Secrets = goodClient().Secrets }, "secrets: are not for private_key_jwt"},
		"keys beside it":         {func(c *client) { c.JWKS = json.RawMessage(goodJWKS) }, "jwks: is not for a client with serviceAccounts"},
		"keys at a URL":          {func(c *client) { c.JWKSURI = "https://a.example/jwks" }, "jwks: is not for a client with serviceAccounts"},
		"another method":         {func(c *client) { c.TokenEndpointAuthMethod = realmconfig.ClientSecretBasic }, "serviceAccounts: are for private_key_jwt alone"},
		"default":                {func(c *client) { c.ServiceAccounts[0].Name = "default" }, "serviceAccounts[0].name: must not be default"},
		"no name":                {func(c *client) { c.ServiceAccounts[0].Name = "" }, "serviceAccounts[0].name: must be"},
		"a name with a colon":    {func(c *client) { c.ServiceAccounts[0].Name = "a:b" }, "serviceAccounts[0].name: must be"},
		"no namespace":           {func(c *client) { c.ServiceAccounts[0].Namespace = "" }, "serviceAccounts[0].namespace: must be"},
		"a namespace with a dot": {func(c *client) { c.ServiceAccounts[0].Namespace = "a.b" }, "serviceAccounts[0].namespace: must be"},
		"a cluster with a space": {func(c *client) { c.ServiceAccounts[0].Cluster = "a b" }, "serviceAccounts[0].cluster: must be"},
		"one twice":              {func(c *client) { c.ServiceAccounts = append(c.ServiceAccounts, c.ServiceAccounts[0]) }, "serviceAccounts[1]: stands twice"},
		"a page": {func(c *client) {
			c.Type, c.TokenEndpointAuthMethod = realmconfig.PublicClient, realmconfig.NoAuthMethod
		}, "serviceAccounts: are for private_key_jwt alone"},
		"a page that exchanges": {func(c *client) {
			*c = publicClient("https://a.example")
			c.GrantTypes = append(c.GrantTypes, realmconfig.TokenExchangeGrant)
		}, "token-exchange is not for public clients"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			workload := goodClient()
			workload.TokenEndpointAuthMethod, workload.Secrets = realmconfig.PrivateKeyJWT, nil
			workload.ServiceAccounts = []realmconfig.ServiceAccount{{Namespace: "shop", Name: "orders"}}
			c.change(&workload)
			expectProblem(t, workload.Validate(), c.problem)
		})
	}
}

func FuzzClusters(f *testing.F) {
	good, err := realmconfig.Encode(realmconfig.ClusterDocument{Version: 1, Clusters: []realmconfig.Cluster{goodCluster("")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version": 1, "clusters": [{"name": "a", "issuer": "https://[::1]:0", "jwksURI": "https://a#"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		document := realmconfig.ClusterDocument{}
		if realmconfig.Decode(data, &document) != nil {
			return
		}
		for _, c := range document.Clusters {
			if !strings.HasPrefix(c.Issuer, "https://") || (len(c.JWKS) > 0) == (c.JWKSURI != "") {
				t.Errorf("%s is taken", data)
			}
		}
	})
}
