// SPDX-License-Identifier: Apache-2.0

package cluster

import "github.com/realmkeeper/realmkeeper/hack/localkube/internal/node"

// plan lists the programs of the node. All paths are as the node sees them.
func plan() node.Plan {
	pki := func(name string) string { return node.State + "/pki/" + name }
	config := func(name string) string { return node.State + "/config/" + name }
	program := func(name string) string { return node.Programs + "/" + name }
	apiserver := []string{"kube-apiserver"}

	return node.Plan{Components: []node.Component{
		{
			Name:  "containerd",
			Args:  []string{"/usr/bin/containerd", "--config", config("containerd.toml")},
			Ready: node.Probe{Socket: containerdSock},
		},
		{
			Name: "etcd",
			Args: []string{program("etcd"),
				"--name=" + nodeName,
				"--data-dir=" + node.State + "/etcd",
				"--listen-client-urls=https://" + nodeAddress + ":2379",
				"--advertise-client-urls=https://" + nodeAddress + ":2379",
				"--listen-peer-urls=https://" + nodeAddress + ":2380",
				"--initial-advertise-peer-urls=https://" + nodeAddress + ":2380",
				"--initial-cluster=" + nodeName + "=https://" + nodeAddress + ":2380",
				"--listen-metrics-urls=http://" + nodeAddress + ":2381",
				"--cert-file=" + pki("etcd.crt"), "--key-file=" + pki("etcd.key"),
				"--trusted-ca-file=" + pki("etcd-ca.crt"), "--client-cert-auth",
				"--peer-cert-file=" + pki("etcd.crt"), "--peer-key-file=" + pki("etcd.key"),
				"--peer-trusted-ca-file=" + pki("etcd-ca.crt"), "--peer-client-cert-auth",
				// A throw-away cluster need not survive a power failure.
				"--unsafe-no-fsync",
				"--log-level=warn",
			},
			Ready: node.Probe{URL: "http://" + nodeAddress + ":2381/readyz"},
		},
		{
			Name: "kube-apiserver",
			Args: []string{program("kube-apiserver"),
				"--advertise-address=" + nodeAddress,
				"--bind-address=" + nodeAddress,
				"--secure-port=6443",
				"--etcd-servers=https://" + nodeAddress + ":2379",
				"--etcd-cafile=" + pki("etcd-ca.crt"),
				"--etcd-certfile=" + pki("etcd-client.crt"), "--etcd-keyfile=" + pki("etcd-client.key"),
				"--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
				"--client-ca-file=" + pki("ca.crt"),
				"--authentication-config=" + config("authentication.yaml"),
				"--kubelet-certificate-authority=" + pki("ca.crt"),
				"--kubelet-client-certificate=" + pki("admin.crt"), "--kubelet-client-key=" + pki("admin.key"),
				// The node's name resolves nowhere.
				"--kubelet-preferred-address-types=InternalIP",
				"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
				"--service-account-key-file=" + pki("service-accounts.pub"),
				"--service-account-signing-key-file=" + pki("service-accounts.key"),
				"--service-cluster-ip-range=" + serviceSubnet,
				"--authorization-mode=Node,RBAC",
				"--enable-admission-plugins=NodeRestriction",
				"--allow-privileged",
			},
			Needs: []string{"etcd"},
			Ready: node.Probe{URL: "https://" + nodeAddress + ":6443/readyz"},
		},
		{
			Name: "kube-controller-manager",
			Args: []string{program("kube-controller-manager"),
				"--kubeconfig=" + config("kube-controller-manager.kubeconfig"),
				"--bind-address=" + nodeAddress,
				"--tls-cert-file=" + pki("kubelet.crt"), "--tls-private-key-file=" + pki("kubelet.key"),
				"--leader-elect=false",
				"--use-service-account-credentials",
				"--service-account-private-key-file=" + pki("service-accounts.key"),
				"--root-ca-file=" + pki("ca.crt"),
				// Nothing on this cluster asks for certificates; its authority has no key.
				"--controllers=*,-certificatesigningrequest-signing-controller",
			},
			Needs: apiserver,
			Ready: node.Probe{URL: "https://" + nodeAddress + ":10257/healthz"},
		},
		{
			Name: "kube-scheduler",
			Args: []string{program("kube-scheduler"),
				"--kubeconfig=" + config("kube-scheduler.kubeconfig"),
				"--bind-address=" + nodeAddress,
				"--tls-cert-file=" + pki("kubelet.crt"), "--tls-private-key-file=" + pki("kubelet.key"),
				"--leader-elect=false",
			},
			Needs: apiserver,
			Ready: node.Probe{URL: "https://" + nodeAddress + ":10259/healthz"},
		},
		{
			Name: "kubelet",
			Args: []string{program("kubelet"),
				"--config=" + config("kubelet.yaml"),
				"--kubeconfig=" + config("kubelet.kubeconfig"),
				"--root-dir=" + node.State + "/kubelet",
				"--cert-dir=" + node.State + "/kubelet/pki",
				"--hostname-override=" + nodeName,
				"--node-ip=" + nodeAddress,
			},
			Needs: []string{"containerd", "kube-apiserver"},
			Ready: node.Probe{URL: "http://" + nodeAddress + ":10248/healthz"},
		},
		{
			Name:  "kube-proxy",
			Args:  []string{program("kube-proxy"), "--config=" + config("kube-proxy.yaml")},
			Needs: apiserver,
			Ready: node.Probe{URL: "http://" + nodeAddress + ":10256/livez"},
		},
		{
			Name:  "coredns",
			Args:  []string{program("coredns"), "-conf", config("Corefile")},
			Needs: apiserver,
			Ready: node.Probe{URL: "http://" + nodeAddress + ":8181/ready"},
		},
		{
			Name: "local-storage",
			Args: []string{program("local-storage"),
				"-kubeconfig", config("local-storage.kubeconfig"), "-folder", node.State + "/volumes"},
			Needs: apiserver,
		},
	}}
}
