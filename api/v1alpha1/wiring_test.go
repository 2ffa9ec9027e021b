// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"
)

// busy is what autoscaling by CPU needs beside it.
const busy = "resources: {requests: {cpu: '1'}}\n"

func TestWiringThatIsAccepted(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"a certificate of an Issuer":           "tls: {certManager: {issuerRef: {name: ca}}}",
		"a certificate of a ClusterIssuer":     "tls: {certManager: {issuerRef: {name: letsencrypt, kind: ClusterIssuer}}}",
		"a certificate of an external issuer":  "tls: {certManager: {issuerRef: {name: pca, kind: AWSPCAClusterIssuer, group: awspca.cert-manager.io}}}",
		"a certificate for the Service too":    "tls: {certManager: {issuerRef: {name: ca}, dnsNames: [staff, staff.identity.svc, '*.example.com'], duration: 2160h}}",
		"a Gateway":                            "exposure: {gateway: {parentRefs: [{name: public}]}}",
		"a listener of another namespace":      "exposure: {gateway: {parentRefs: [{name: public, namespace: gateways, sectionName: https, port: 443}, {name: internal}]}}",
		"an Ingress of the default class":      "exposure: {ingress: {}}",
		"an Ingress with everything":           "exposure: {ingress: {className: nginx, annotations: {nginx.ingress.kubernetes.io/backend-protocol: HTTPS}, tlsSecretName: public}}",
		"a Gateway and an Ingress":             "exposure: {gateway: {parentRefs: [{name: public}]}, ingress: {}}",
		"autoscaling by CPU":                   busy + "autoscaling: {maxReplicas: 10}",
		"autoscaling with everything":          busy + "autoscaling: {minReplicas: 3, maxReplicas: 3, targetCPUUtilization: 50, metrics: [{type: Pods, pods: {metric: {name: wait}, target: {type: AverageValue, averageValue: 100m}}}]}",
		"autoscaling by another measure alone": "autoscaling: {maxReplicas: 10, metrics: [{type: Pods, pods: {metric: {name: wait}, target: {type: AverageValue, averageValue: 100m}}}]}",
		"a network policy of what is needed":   "networkPolicy: {}",
		"a network policy with everything":     "networkPolicy: {from: [{namespaceSelector: {}}], metricsFrom: [{podSelector: {matchLabels: {app: prometheus}}}], to: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 6380}]}]}",
		"alerts alone":                         "monitoring: {prometheusRule: {}}",
		"all monitoring":                       "monitoring: {labels: {release: kube-prometheus-stack}, podMonitor: {interval: 30s}, prometheusRule: {}, dashboard: {}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := submit(t, "AuthRealm", "realm", issuer+spec); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestWiringThatIsRefusedInTheUsersWords(t *testing.T) {
	t.Parallel()
	const onAddress = "issuer: https://10.0.0.1\n"
	for name, c := range map[string]struct{ spec, says string }{
		"two certificates":                      {issuer + "tls: {secretRef: {name: mine}, certManager: {issuerRef: {name: ca}}}", "not both"},
		"a certificate of nobody":               {issuer + "tls: {certManager: {}}", "issuerRef: Required value"},
		"an issuer without a name":              {issuer + "tls: {certManager: {issuerRef: {kind: Issuer}}}", "name: Required value"},
		"an unknown kind of issuer":             {issuer + "tls: {certManager: {issuerRef: {name: ca, kind: CA}}}", "kind must be Issuer or ClusterIssuer"},
		"a name with a port":                    {issuer + "tls: {certManager: {issuerRef: {name: ca}, dnsNames: ['staff:443']}}", "dnsNames must be host names"},
		"a certificate for a minute":            {issuer + "tls: {certManager: {issuerRef: {name: ca}, duration: 1m}}", "duration must be 1h or more"},
		"a certificate for days":                {issuer + "tls: {certManager: {issuerRef: {name: ca}, duration: 90d}}", "duration must be a duration such as 2160h; days are written in hours, 720h for 30d"},
		"exposure of nothing":                   {issuer + "exposure: {}", "exposure"},
		"no Gateway":                            {issuer + "exposure: {gateway: {}}", "parentRefs: Required value"},
		"no Gateway in a list of them":          {issuer + "exposure: {gateway: {parentRefs: []}}", "parentRefs"},
		"a Gateway without a name":              {issuer + "exposure: {gateway: {parentRefs: [{namespace: gateways}]}}", "name: Required value"},
		"a port that does not exist":            {issuer + "exposure: {gateway: {parentRefs: [{name: public, port: 70000}]}}", "port"},
		"a Gateway for an IP address":           {onAddress + "exposure: {gateway: {parentRefs: [{name: public}]}}", "exposure needs an issuer with a host name"},
		"passkeys for an IP address":            {onAddress + "passkeys: {}", "passkeys needs an issuer with a host name"},
		"passkeys for an IPv6 address":          {`issuer: "https://[2001:db8::1]"` + "\npasskeys: {}", "passkeys needs an issuer with a host name"},
		"an Ingress for an IPv6 address":        {`issuer: "https://[2001:db8::1]"` + "\nexposure: {ingress: {}}", "exposure needs an issuer with a host name"},
		"annotations of nothing":                {issuer + "exposure: {ingress: {annotations: {}}}", "annotations"},
		"replicas and autoscaling":              {issuer + busy + "replicas: 3\nautoscaling: {maxReplicas: 10}", "exclude each other"},
		"autoscaling without an end":            {issuer + busy + "autoscaling: {}", "maxReplicas: Required value"},
		"autoscaling below the default":         {issuer + busy + "autoscaling: {maxReplicas: 1}", "maxReplicas must not be less than minReplicas"},
		"autoscaling upside down":               {issuer + busy + "autoscaling: {minReplicas: 5, maxReplicas: 4}", "maxReplicas must not be less than minReplicas"},
		"autoscaling down to nothing":           {issuer + busy + "autoscaling: {minReplicas: 0, maxReplicas: 4}", "minReplicas"},
		"autoscaling by a share of nothing":     {issuer + "autoscaling: {maxReplicas: 10}", "autoscaling by CPU needs resources.requests.cpu"},
		"autoscaling by CPU of nothing, too":    {issuer + "resources: {limits: {memory: 1Gi}}\nautoscaling: {maxReplicas: 10, targetCPUUtilization: 50, metrics: [{type: Pods}]}", "autoscaling by CPU needs resources.requests.cpu"},
		"a network policy for nobody":           {issuer + "networkPolicy: {from: []}", "from"},
		"monitoring of nothing":                 {issuer + "monitoring: {labels: {release: x}}", "monitoring needs podMonitor, prometheusRule or dashboard"},
		"labels that are the operator's":        {issuer + "monitoring: {labels: {app.kubernetes.io/name: x}, dashboard: {}}", "labels of app.kubernetes.io"},
		"a scrape every millisecond":            {issuer + "monitoring: {podMonitor: {interval: 1ms}}", "interval must be 1s to 1h"},
		"an interval in words":                  {issuer + "monitoring: {podMonitor: {interval: often}}", "interval must be a duration such as"},
		"a label value that is too long":        {issuer + "monitoring: {labels: {release: " + strings.Repeat("a", 64) + "}, dashboard: {}}", "Too long"},
		"an annotation that is too long":        {issuer + "exposure: {ingress: {annotations: {a: " + strings.Repeat("a", 16385) + "}}}", "Too long"},
		"a Secret of the Ingress with no name":  {issuer + "exposure: {ingress: {tlsSecretName: ''}}", "tlsSecretName"},
		"an issuer's name with a slash":         {issuer + "tls: {certManager: {issuerRef: {name: my/ca}}}", "name must be the name of an issuer"},
		"a kind of issuer that is none":         {issuer + "tls: {certManager: {issuerRef: {name: ca, kind: 'a b', group: example.com}}}", "kind must be the kind of an issuer"},
		"a group of issuers that is none":       {issuer + "tls: {certManager: {issuerRef: {name: ca, kind: CA, group: 'https://example.com'}}}", "group must be an API group"},
		"a name with a label of 64":             {issuer + "tls: {certManager: {issuerRef: {name: ca}, dnsNames: [" + strings.Repeat("a", 64) + ".example]}}", "dnsNames must be host names"},
		"a Gateway of a namespace by a slash":   {issuer + "exposure: {gateway: {parentRefs: [{name: gateways/public}]}}", "name must be the name of a Gateway"},
		"a Gateway in a namespace with a dot":   {issuer + "exposure: {gateway: {parentRefs: [{name: a, namespace: a.b}]}}", "namespace must be the name of a namespace"},
		"a listener in capitals":                {issuer + "exposure: {gateway: {parentRefs: [{name: a, sectionName: HTTPS}]}}", "sectionName must be the name of a listener"},
		"an Ingress class in capitals":          {issuer + "exposure: {ingress: {className: NGINX}}", "className must be the name of an IngressClass"},
		"a Secret of the Ingress by a slash":    {issuer + "exposure: {ingress: {tlsSecretName: other/tls}}", "tlsSecretName must be the name of a Secret"},
		"an annotation of no name":              {issuer + "exposure: {ingress: {annotations: {'a b': c}}}", "annotations are named like"},
		"an annotation of two slashes":          {issuer + "exposure: {ingress: {annotations: {a/b/c: d}}}", "annotations are named like"},
		"a label of no name":                    {issuer + "monitoring: {labels: {'a b': x}, dashboard: {}}", "labels are named like"},
		"a label's value with a space":          {issuer + "monitoring: {labels: {release: a b}, dashboard: {}}", "the value of a label may hold only"},
		"a label that marks a realm's own":      {issuer + "monitoring: {labels: {auth.realmkeeper.io/realm: x}, dashboard: {}}", "labels of app.kubernetes.io and auth.realmkeeper.io"},
		"a Gateway in a namespace of no name":   {issuer + "exposure: {gateway: {parentRefs: [{name: a, namespace: ''}]}}", "namespace"},
		"a policy that lets out with a mistake": {issuer + "networkPolicy: {too: []}", "unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, submit(t, "AuthRealm", "realm", c.spec), c.says)
		})
	}
}
