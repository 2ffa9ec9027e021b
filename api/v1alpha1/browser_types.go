// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// WebURL is where a person's browser goes.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="self.startsWith('https://') || self.matches('^http://(localhost|127[.]0[.]0[.]1|[[]::1[]])([:/?#]|$)')",message="must be an https:// URL; http:// is for localhost alone"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://') || (isURL(self) && size(url(self).getHostname()) > 0)",message="must be a URL with a host, such as https://app.example.com"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/?#]*@')",message="must have no user or password"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/?#]*[*]')",message="must name one host; * stands for nothing here"
// +kubebuilder:validation:XValidation:rule="!self.matches('[[:space:]]')",message="must have no spaces"
// +kubebuilder:validation:XValidation:rule="!isURL(self) || size(url(self).getPort()) == 0 || (size(url(self).getPort()) <= 5 && int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",message="must have a port of 1 to 65535"
type WebURL string

// EndpointURL is what the auth server itself calls.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="self.matches('^https?://')",message="must be an https:// URL"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://') || (isURL(self) && size(url(self).getHostname()) > 0)",message="must be a URL with a host, such as https://api.example.com"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/?#]*@')",message="must have no user or password"
// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="must have no fragment"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/?#]*[*]')",message="must name one host; * stands for nothing here"
// +kubebuilder:validation:XValidation:rule="!self.matches('[[:space:]]')",message="must have no spaces"
// +kubebuilder:validation:XValidation:rule="!isURL(self) || size(url(self).getPort()) == 0 || (size(url(self).getPort()) <= 5 && int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",message="must have a port of 1 to 65535"
type EndpointURL string

// CORS says which pages may call a realm.
type CORS struct {
	// allowedOrigins are the origins of pages whose scripts may call the API,
	// such as https://app.example.com, and each names one host. Upper case and
	// the port 443 make no difference.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=300
	// +kubebuilder:validation:items:XValidation:rule="self != '*'",message="'*' would let every page on the web call the realm; name the origins"
	// +kubebuilder:validation:items:XValidation:rule="self == '*' || isURL(self) && (self.matches('^https://(([-_a-zA-Z0-9]{1,63}[.])*[a-zA-Z][-_a-zA-Z0-9]{0,62}|(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}|[[][0-9a-fA-F:.]+[]])(:[1-9][0-9]{0,4})?$') || self.matches('^http://(localhost|127[.]0[.]0[.]1|[[]::1[]])(:[1-9][0-9]{0,4})?$'))",message="must be an origin such as https://app.example.com: https:// (http:// for localhost alone), one host in ASCII (xn-- for other letters, no *, no dot at its end), maybe a port, and nothing after it"
	// +kubebuilder:validation:items:XValidation:rule="!isURL(self) || size(url(self).getPort()) == 0 || (size(url(self).getPort()) <= 5 && int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",message="must have a port of 1 to 65535"
	AllowedOrigins []string `json:"allowedOrigins,omitempty"`
}

// Network says whom to believe about where requests come from, and how many of
// them one source may send.
//
// +kubebuilder:validation:MinProperties=1
type Network struct {
	// trustedProxies are the address ranges of the proxies in front of the
	// realm, such as 10.244.3.0/24, and of nobody else. A client's address is the
	// right-most one of X-Forwarded-For that is not in them; without any, it is the
	// address that the connection comes from, and those behind a gateway in the
	// cluster share a limit. The condition ProxiesNamed says what to add.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="must be an address range in CIDR form, such as 10.0.0.0/8 or 192.0.2.7/32"
	TrustedProxies []string `json:"trustedProxies,omitempty"`

	// requestsPerMinute is how many requests one source address may send to an
	// endpoint that costs work, sends mail or changes something, and a tenth of
	// what it may refresh and read; 120 when absent, 0 for no limit.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	RequestsPerMinute *int32 `json:"requestsPerMinute,omitempty"`
}

// Audit says how long what happened is remembered.
//
// +kubebuilder:validation:MinProperties=1
type Audit struct {
	// retention is how long an audit line is kept, such as 8760h; 2160h, which
	// is 90 days, when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="2160h",min="24h",max="87600h",which="10 years"
	Retention *metav1.Duration `json:"retention,omitempty"`
}
