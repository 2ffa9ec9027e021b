// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/internal/testenv/apiserver"
)

var plane *apiserver.ControlPlane

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if plane, err = apiserver.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = plane.Stop() }()
	return m.Run()
}

// issuer is a line that every valid spec needs.
const issuer = "issuer: https://login.example.com\n"

func TestSpecsThatAreAccepted(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"an issuer alone":                     issuer,
		"an issuer with port and path":        "issuer: https://example.com:8443/auth/realms/one",
		"an issuer on an IP address":          "issuer: https://10.0.0.1",
		"an issuer on an IPv6 address":        `issuer: "https://[2001:db8::1]:8443"`,
		"an issuer of 512 characters":         "issuer: https://example.com/" + strings.Repeat("a", 492),
		"no pods":                             issuer + "replicas: 0",
		"an image":                            issuer + "image: registry.example.com/auth:1",
		"an external database":                issuer + "database: {urlSecretRef: {name: db}}",
		"an external database with a key":     issuer + "database: {urlSecretRef: {name: db, key: my_url.txt}}",
		"a database with a CA of its own":     issuer + "database: {urlSecretRef: {name: db-app}, caSecretRef: {name: db-ca}}",
		"a cache with a CA of its own":        issuer + "cache: {urlSecretRef: {name: redis}, caSecretRef: {name: redis-ca, key: tls.crt}}",
		"new passwords from a time on":        issuer + "database: {managed: {rotatePasswordAfter: '2026-11-22T10:00:00Z'}}\ncache: {managed: {rotatePasswordAfter: '2026-11-22T10:00:00Z'}}",
		"a managed database with defaults":    issuer + "database: {managed: {}}",
		"a managed database with everything":  issuer + "database: {managed: {storage: {size: 20Gi, className: fast}, deletionPolicy: Delete, image: pg}}",
		"an external cache":                   issuer + "cache: {urlSecretRef: {name: redis}}",
		"a managed cache with defaults":       issuer + "cache: {managed: {}}",
		"a certificate of one's own":          issuer + "tls: {secretRef: {name: my-tls}}",
		"EdDSA keys":                          issuer + "signingKeys: {algorithm: EdDSA}",
		"keys that are replaced when told":    issuer + "signingKeys: {rotationInterval: 0s, rotateAfter: '2026-11-22T10:00:00Z', jwksMaxAge: 1s}",
		"keys of ten years":                   issuer + "signingKeys: {rotationInterval: 87600h, jwksMaxAge: 24h}",
		"a leaked key":                        issuer + "signingKeys: {revoked: [NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs]}",
		"an end of all sessions":              issuer + "tokens: {sessionsNotBefore: '2026-11-22T10:00:00Z'}",
		"the shortest lifetimes":              issuer + "tokens: {accessTokenLifetime: 1m, refreshTokenLifetime: 1m, refreshGracePeriod: 0s}",
		"the longest lifetimes":               issuer + "tokens: {accessTokenLifetime: 24h, refreshTokenLifetime: 8760h, refreshGracePeriod: 1m}",
		"a duration of several units":         issuer + "tokens: {accessTokenLifetime: 1h30m}",
		"a lockout":                           issuer + "login: {unknownUser: Conceal, lockout: {failures: 3, duration: 1h}}",
		"the usual bcrypt":                    issuer + "passwords: {engine: Standard}",
		"our own bcrypt":                      issuer + "passwords: {engine: Interleaved}",
		"a bcrypt cost":                       issuer + "passwords: {bcryptCost: 10}",
		"an initial admin":                    issuer + "initialAdmin: {email: ops@example.com}",
		"an initial admin of foreign letters": issuer + "initialAdmin: {email: o'neill+ops@xn--bcher-kva.example}",
		"scheduling":                          issuer + "scheduling: {nodeSelector: {disk: ssd}, tolerations: [{operator: Exists}], priorityClassName: high}",
		"scheduling of all its pods": issuer + "scheduling: {runtimeClassName: gvisor}\ndatabase: {managed: {scheduling: {nodeSelector: {disk: nvme}, tolerations: [{operator: Exists}], priorityClassName: high}}}\n" +
			"cache: {managed: {scheduling: {runtimeClassName: runc, affinity: {nodeAffinity: {}}}}}",
		"resources of all its containers": issuer + "resources: {limits: {cpu: 1}}\ndatabase: {managed: {resources: {limits: {cpu: 1}}, sidecarResources: {limits: {cpu: 100m}}}}\n" +
			"cache: {managed: {resources: {limits: {cpu: 1}}, sidecarResources: {requests: {memory: 20Mi}}}}",
		"Secrets to pull images with":        issuer + "imagePullSecrets: [{name: registry}, {name: mirror.example.com}]",
		"an issuer on a single name":         "issuer: https://login",
		"an issuer with letters in its path": "issuer: https://example.com:65535/Auth/-._~!$&'()*+,;=:/M%C3%BCller",
		"an issuer on a name in A-labels":    "issuer: https://xn--mller-kva.example/auth",
		"an issuer with a label of 63":       "issuer: https://" + strings.Repeat("a", 63) + ".example",
		"an issuer with a host of 253":       "issuer: https://" + strings.Repeat("abc.", 61) + "abcdefg.d",
		"an issuer on port 4430":             "issuer: https://example.com:4430",
		"an issuer with a port in its path":  "issuer: https://example.com/a:443/b:0",
		"an issuer on a name with digits":    "issuer: https://1.example2",
		"a Secret of a name with dots":       issuer + "tls: {secretRef: {name: 0.my-tls.v1}}",
		"a Secret key that is a hidden file": issuer + "database: {urlSecretRef: {name: db, key: .url}}",
		"a node by a label of a domain":      issuer + "scheduling: {nodeSelector: {topology.kubernetes.io/zone: '', Disk_type: S.S_D}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := submit(t, "AuthRealm", "realm", spec); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestSpecsThatAreRefusedInTheUsersWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ spec, says string }{
		"no issuer":                         {"replicas: 1", "issuer: Required value"},
		"an empty issuer":                   {`issuer: ""`, "issuer"},
		"plain HTTP":                        {"issuer: http://login.example.com", "issuer must be an https:// URL"},
		"an issuer without a host":          {"issuer: https:///path", "issuer must be a URL with a host"},
		"an issuer that is no URL":          {"issuer: https://exa mple.com", "issuer must be a URL with a host"},
		"an issuer with a query":            {"issuer: https://example.com?x=1", "issuer must have no query and no fragment"},
		"an issuer with a fragment":         {"issuer: https://example.com#x", "issuer must have no query and no fragment"},
		"an issuer with a user":             {"issuer: https://me:secret@example.com", "issuer must have no user or password"},
		"an issuer with a slash at the end": {"issuer: https://example.com/", "issuer must not end with a slash"},
		"an issuer that is too long":        {"issuer: https://example.com/" + strings.Repeat("a", 493), "issuer: Too long"},
		"too many pods":                     {issuer + "replicas: 101", "replicas"},
		"fewer than no pods":                {issuer + "replicas: -1", "replicas"},
		"two databases":                     {issuer + "database: {urlSecretRef: {name: db}, managed: {}}", "not both"},
		"no database at all":                {issuer + "database: {}", "database needs urlSecretRef or managed"},
		"a CA for a managed database":       {issuer + "database: {managed: {}, caSecretRef: {name: ca}}", "database.caSecretRef belongs to urlSecretRef"},
		"a CA for a managed cache":          {issuer + "cache: {managed: {}, caSecretRef: {name: ca}}", "cache.caSecretRef belongs to urlSecretRef"},
		"a password rotated whenever":       {issuer + "database: {managed: {rotatePasswordAfter: now}}", "rotatePasswordAfter"},
		"a Secret without a name":           {issuer + "database: {urlSecretRef: {key: uri}}", "name: Required value"},
		"an issuer in Unicode":              {"issuer: https://müller.example", "issuer must write its host in ASCII, as DNS has it"},
		"an issuer in Unicode with a path":  {"issuer: https://müller.example:8443/a", "issuer must write its host in ASCII, as DNS has it"},
		"an issuer with a label of 64":      {"issuer: https://" + strings.Repeat("a", 64) + ".example", "issuer must have a host that DNS can hold"},
		"an issuer with a host of 254":      {"issuer: https://" + strings.Repeat("abc.", 61) + "abcdefgh.d", "issuer must have a host that DNS can hold"},
		"an issuer with an empty label":     {"issuer: https://login..example.com", "issuer must have a host that DNS can hold"},
		"an issuer with a dot at the end":   {"issuer: https://login.example.com.", "issuer must have a host that DNS can hold"},
		"an issuer with an underscore":      {"issuer: https://my_login.example.com", "issuer must have a host that DNS can hold"},
		"an issuer with a hyphen in front":  {"issuer: https://-login.example.com", "issuer must have a host that DNS can hold"},
		"an issuer on half an address":      {"issuer: https://10.0.1", "issuer must have a host that DNS can hold"},
		"an issuer on no address":           {"issuer: https://10.0.0.256/a", "issuer must have a host that DNS can hold"},
		"an issuer with a star":             {"issuer: https://*.example.com", "issuer must have a host that DNS can hold"},
		"an issuer in capitals":             {"issuer: https://Login.Example.COM", "issuer must write its host in lower-case letters"},
		"an IPv6 issuer in capitals":        {`issuer: "https://[2001:DB8::1]/a"`, "issuer must write its host in lower-case letters"},
		"an issuer with the port of https":  {"issuer: https://example.com:443", "issuer must have a port from 1 to 65535 if it has one, and none for 443"},
		"an IPv6 issuer with that port":     {`issuer: "https://[2001:db8::1]:443/a"`, "issuer must have a port from 1 to 65535 if it has one, and none for 443"},
		"an issuer with an empty port":      {"issuer: https://example.com:/a", "issuer must have a port from 1 to 65535"},
		"an issuer on port 0":               {"issuer: https://example.com:0", "issuer must have a port from 1 to 65535"},
		"an issuer on port 08443":           {"issuer: https://example.com:08443", "issuer must have a port from 1 to 65535"},
		"an issuer on port 65536":           {"issuer: https://example.com:65536", "issuer must have a port from 1 to 65535"},
		"an issuer with a port in letters":  {"issuer: https://example.com:https", "issuer must be a URL with a host"},
		"a path with a space":               {"issuer: https://example.com/my realm", "issuer must have a path in its normal form"},
		"a path that ends in a space":       {`issuer: "https://example.com/auth "`, "issuer must have a path in its normal form"},
		"a path with an encoded space":      {"issuer: https://example.com/my%20realm", "issuer must have a path in its normal form"},
		"a path with an encoded letter":     {"issuer: https://example.com/%61uth", "issuer must have a path in its normal form"},
		"a path with an encoded slash":      {"issuer: https://example.com/a%2Fb", "issuer must have a path in its normal form"},
		"a path encoded in small letters":   {"issuer: https://example.com/m%c3%bcller", "issuer must have a path in its normal form"},
		"a path in Unicode":                 {"issuer: https://example.com/müller", "issuer must have a path in its normal form"},
		"a path with two slashes":           {"issuer: https://example.com//auth", "issuer must have a path in its normal form"},
		"a path with a dot alone":           {"issuer: https://example.com/./auth", "issuer must have a path in its normal form"},
		"a path that leads up":              {"issuer: https://example.com/a/..", "issuer must have a path in its normal form"},
		"a path with a backslash":           {`issuer: 'https://example.com/a\b'`, "issuer must have a path in its normal form"},
		"a path with a tab":                 {`issuer: "https://example.com/a\tb"`, "issuer must"},
		"a path with a new line":            {`issuer: "https://example.com/a\n"`, "issuer must"},
		"a Secret of a vault":               {issuer + "database: {urlSecretRef: {name: vault/db}}", "name must be the name of a Secret"},
		"a cache's Secret in capitals":      {issuer + "cache: {urlSecretRef: {name: Redis}}", "name must be the name of a Secret"},
		"a CA's Secret with an underscore":  {issuer + "database: {urlSecretRef: {name: db}, caSecretRef: {name: db_ca}}", "name must be the name of a Secret"},
		"a certificate that ends in a dot":  {issuer + "tls: {secretRef: {name: my-tls.}}", "name must be the name of a Secret"},
		"a Secret key that is a folder":     {issuer + "database: {urlSecretRef: {name: db, key: ..}}", "key must not be '.' and must not begin with '..'"},
		"a Secret key above its folder":     {issuer + "database: {urlSecretRef: {name: db, key: ..x}}", "key must not be '.' and must not begin with '..'"},
		"a storage class in capitals":       {issuer + "database: {managed: {storage: {className: Fast}}}", "className must be the name of a StorageClass"},
		"a priority with a space":           {issuer + "scheduling: {priorityClassName: very high}", "priorityClassName must be the name of a PriorityClass"},
		"a runtime in capitals":             {issuer + "scheduling: {runtimeClassName: gVisor}", "runtimeClassName must be the name of a RuntimeClass"},
		"a database placed nowhere":         {issuer + "database: {managed: {scheduling: {}}}", "scheduling"},
		"a cache's node by a bad label":     {issuer + "cache: {managed: {scheduling: {nodeSelector: {'a b': c}}}}", "nodeSelector has names of labels such as"},
		"no Secret to pull with in a list":  {issuer + "imagePullSecrets: []", "imagePullSecrets"},
		// The admission policy has a validation for each of four places.
		"five Secrets to pull with":         {issuer + "imagePullSecrets: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}]", "must have at most 4 items"},
		"a Secret to pull with, twice":      {issuer + "imagePullSecrets: [{name: a}, {name: a}]", "Duplicate value"},
		"a Secret to pull with in capitals": {issuer + "imagePullSecrets: [{name: Registry}]", "name must be the name of a Secret"},
		"a node by a label that is none":    {issuer + "scheduling: {nodeSelector: {'a b': c}}", "nodeSelector has names of labels such as"},
		"a node by a value that is none":    {issuer + "scheduling: {nodeSelector: {zone: 'a b'}}", "the value of a label may hold only"},
		"a Secret key with a slash":         {issuer + "database: {urlSecretRef: {name: db, key: a/b}}", "key may hold only letters"},
		"a volume that is too small":        {issuer + "database: {managed: {storage: {size: 1Mi}}}", "size must be 64Mi or more"},
		"a volume of no size at all":        {issuer + "database: {managed: {storage: {size: big}}}", "size"},
		"a deletion policy of no meaning":   {issuer + "database: {managed: {deletionPolicy: Keep}}", "deletionPolicy"},
		"two caches":                        {issuer + "cache: {urlSecretRef: {name: redis}, managed: {}}", "not both"},
		"no cache at all":                   {issuer + "cache: {}", "cache needs urlSecretRef or managed"},
		"tls without a certificate":         {issuer + "tls: {}", "tls needs secretRef or certManager"},
		"an unknown algorithm":              {issuer + "signingKeys: {algorithm: HS256}", "algorithm"},
		"keys that are never old enough":    {issuer + "signingKeys: {rotationInterval: 30m}", "rotationInterval must be 1h to 87600h, which is ten years, or 0s for never"},
		"keys of twenty years":              {issuer + "signingKeys: {rotationInterval: 175200h}", "rotationInterval must be 1h to 87600h"},
		"keys of 90 days":                   {issuer + "signingKeys: {rotationInterval: 90d}", "rotationInterval must be a duration such as 720h; days are written in hours, 720h for 30d"},
		"a rotation some time":              {issuer + "signingKeys: {rotateAfter: soon}", "rotateAfter"},
		"a JWKS that is never kept":         {issuer + "signingKeys: {jwksMaxAge: 0s}", "jwksMaxAge must be 1s to 24h"},
		"a JWKS that is kept for a week":    {issuer + "signingKeys: {jwksMaxAge: 168h}", "jwksMaxAge must be 1s to 24h"},
		"a key by a name that is none":      {issuer + "signingKeys: {revoked: [the first one]}", "must be a key's id as status.signingKeys has it"},
		"a key that is revoked twice":       {issuer + "signingKeys: {revoked: [NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs, NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs]}", "Duplicate value"},
		"an end of sessions whenever":       {issuer + "tokens: {sessionsNotBefore: yesterday}", "sessionsNotBefore"},
		"no audience in a list of them":     {issuer + "tokens: {audience: []}", "audience"},
		"an empty audience":                 {issuer + `tokens: {audience: [""]}`, "audience"},
		"an access token of a second":       {issuer + "tokens: {accessTokenLifetime: 1s}", "accessTokenLifetime must be 1m to 24h"},
		"a duration in words":               {issuer + "tokens: {accessTokenLifetime: an hour}", "accessTokenLifetime must be a duration such as"},
		"a duration in days":                {issuer + "tokens: {refreshTokenLifetime: 7d}", "refreshTokenLifetime must be a duration such as 12h or 168h; days are written in hours, 720h for 30d"},
		"a session of two years":            {issuer + "tokens: {refreshTokenLifetime: 17520h}", "refreshTokenLifetime must be 1m to 8760h"},
		"a session shorter than a token":    {issuer + "tokens: {refreshTokenLifetime: 30m}", "must not be shorter than accessTokenLifetime"},
		"a grace period of an hour":         {issuer + "tokens: {refreshGracePeriod: 1h}", "refreshGracePeriod must be 0s to 1m"},
		"an unknown answer":                 {issuer + "login: {unknownUser: Lie}", "unknownUser"},
		"a lockout that never comes":        {issuer + "login: {lockout: {failures: 0}}", "failures"},
		"a lockout of a week":               {issuer + "login: {lockout: {duration: 168h}}", "duration must be 1s to 24h"},
		"a bcrypt cost that is too low":     {issuer + "passwords: {bcryptCost: 9}", "bcryptCost"},
		"a bcrypt cost that is too high":    {issuer + "passwords: {bcryptCost: 17}", "bcryptCost"},
		"a bcrypt nobody has written":       {issuer + "passwords: {engine: Fastest}", `supported values: "Interleaved", "Standard"`},
		"an admin without an address":       {issuer + "initialAdmin: {email: root}", "email must be an e-mail address"},
		"an admin with a folding letter":    {issuer + "initialAdmin: {email: adm\u0130n@example.com}", "of ASCII letters"},
		"an admin in U-labels":              {issuer + "initialAdmin: {email: ops@bücher.example}", "in its form with xn--"},
		"an admin with two dots":            {issuer + "initialAdmin: {email: hana..sato@example.com}", "email must be an e-mail address"},
		"an admin at an IP address":         {issuer + "initialAdmin: {email: ops@192.0.2.7}", "email must be an e-mail address"},
		"a field that does not exist":       {issuer + "replica: 2", "unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "AuthRealm", "realm", c.spec), c.says)
		})
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ realm, says string }{
		"a name of 41 characters": {strings.Repeat("a", 41), "at most 40 characters"},
		"a name with a dot":       {"my.realm", "must start with a letter"},
		"a name of digits":        {"1realm", "must start with a letter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "AuthRealm", c.realm, issuer), c.says)
		})
	}
}

func TestChangesOfAClaimedVolume(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, says string }{
		"another size":                     {"database: {managed: {storage: {size: 10Gi}}}", "database: {managed: {storage: {size: 20Gi}}}", ""},
		"another size than the default":    {"", "database: {managed: {storage: {size: 20Gi}}}", ""},
		"the default size, now written":    {"", "database: {managed: {storage: {size: 8Gi}}}", ""},
		"another class":                    {"", "database: {managed: {storage: {className: fast}}}", ""},
		"another policy":                   {"", "database: {managed: {deletionPolicy: Delete}}", ""},
		"from managed to one's own":        {"database: {managed: {storage: {size: 10Gi}}}", "database: {urlSecretRef: {name: db}}", ""},
		"from one's own to managed":        {"database: {urlSecretRef: {name: db}}", "database: {managed: {storage: {size: 10Gi}}}", ""},
		"another issuer on the same realm": {"", "issuer: https://new.example.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k8s, realm := plane.Client(t), object(t, "AuthRealm", plane.Namespace(t), "realm", issuer+c.from)
			if err := k8s.Create(t.Context(), realm); err != nil {
				t.Fatal(err)
			}
			spec := c.to
			if !strings.Contains(spec, "issuer") {
				spec = issuer + spec
			}
			realm.Object["spec"] = object(t, "AuthRealm", "", "", spec).Object["spec"]
			wantRefusal(t, k8s.Update(t.Context(), realm), c.says)
		})
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob(filepath.Join(plane.Root(), "config", "samples", "*.yaml"))
	if err != nil || len(samples) == 0 {
		t.Fatalf("found %d samples, %v", len(samples), err)
	}
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			namespace := plane.Namespace(t)
			for document := range strings.SplitSeq(string(data), "\n---\n") {
				o := &unstructured.Unstructured{}
				if err := yaml.Unmarshal([]byte(document), o); err != nil {
					t.Fatal(err)
				}
				if o.GetKind() == "Namespace" {
					continue
				}
				o.SetNamespace(namespace)
				if err := strict(t).Create(t.Context(), o); err != nil {
					t.Errorf("%s %s is refused: %v", o.GetKind(), o.GetName(), err)
				}
			}
		})
	}
}

// wantRefusal checks that err says a thing, or with "" that there is none.
func wantRefusal(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && err != nil:
		t.Errorf("refused: %v", err)
	case says != "" && err == nil:
		t.Errorf("accepted; want a refusal that says %q", says)
	case says != "" && !strings.Contains(err.Error(), says):
		t.Errorf("refused with\n%v\nwant it to say %q", err, says)
	case says != "" && strings.Contains(err.Error(), "evaluating rule"):
		t.Errorf("refused with\n%v\nwhich speaks of the rule and not of the mistake", err)
	}
}

func submit(t *testing.T, kind, name, spec string) error {
	t.Helper()
	return strict(t).Create(t.Context(), object(t, kind, metav1.NamespaceDefault, name, spec), client.DryRunAll)
}

// strict refuses unknown fields, as kubectl asks for.
func strict(t *testing.T) client.Client {
	t.Helper()
	return client.WithFieldValidation(plane.Client(t), metav1.FieldValidationStrict)
}

func object(t *testing.T, kind, namespace, name, spec string) *unstructured.Unstructured {
	t.Helper()
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(spec), &fields); err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{Object: map[string]any{"spec": fields}}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}
