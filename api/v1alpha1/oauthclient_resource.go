// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ProtectedResource is what a client answers requests for (RFC 9728).
type ProtectedResource struct {
	// resource is the URL that others call, as they write it, such as
	// https://mcp.example.com/mcp; the realm's spec.clients.audiences lists it. Access tokens
	// that are asked for with it (RFC 8707) have it as their audience, and are shown to this
	// client by introspection and forward-auth. Of several clients that declare a resource,
	// it is that of the first one that was created, and so it is said when the client is
	// created, and not later.
	// +required
	Resource ResourceURL `json:"resource,omitempty"`

	// scopes are those that mean something at the resource, such as mcp:tools. Clients that
	// register themselves may have these and no others for it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!#-Z^-~[]+$') || self.matches('^[]!#-Z^-~[]+$')",message="each scope is a word of its own in ASCII, without spaces, quotes or backslashes"
	Scopes []string `json:"scopes,omitempty"`

	// documentation is a page for people who write programs for the resource.
	// +optional
	Documentation WebURL `json:"documentation,omitempty"`
}

// ResourceURL identifies what answers there. It is compared letter by letter, and so has the
// one form in which every library writes it.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
// +kubebuilder:validation:XValidation:rule="self.matches('^[]!#-;=?-Z[_a-z~]+$')",message="resource must be a URL in ASCII without spaces, other characters escaped by %"
// +kubebuilder:validation:XValidation:rule="self.startsWith('https://') || self.matches('^http://(localhost|127[.]0[.]0[.]1|[[]::1[]])([:/?#]|$)')",message="resource must be an https:// URL such as https://mcp.example.com/mcp; http:// is for localhost, 127.0.0.1 and [::1]"
// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="resource must have no fragment"
// +kubebuilder:validation:XValidation:rule="!self.contains('?')",message="resource must have no query"
// +kubebuilder:validation:XValidation:rule="!self.contains('*')",message="resource must be one URL, compared letter by letter; * stands for nothing here"
// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/?#]*//[^/?#]*@')",message="resource must have no user or password"
// +kubebuilder:validation:XValidation:rule="!self.matches('%([^0-9a-fA-F]|$|.[^0-9a-fA-F]|.$)')",message="resource must have two hex digits behind each %"
// +kubebuilder:validation:XValidation:rule="self.matches('[*?#@]') || !self.matches('^https?://') || self.matches('^https?://([-_a-z0-9]{1,63}[.])*([a-z][-_a-z0-9]{0,62}|(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}|[[][0-9a-f:.]+[]])(:[1-9][0-9]{0,4})?(/.*)?$')",message="resource must have a host in lower case, as browsers write it, such as https://mcp.example.com/mcp"
// +kubebuilder:validation:XValidation:rule="!self.matches('^(https://[^/?#]*:443|http://[^/?#]*:80)([/?#]|$)')",message="resource must leave out the port that goes without saying, as browsers do"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://') || !isURL(self) || size(url(self).getPort()) == 0 || (size(url(self).getPort()) <= 5 && int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",message="resource must have a port of 1 to 65535"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/?#]*(/.*)?(//|/[.][.]?(/|$)|;|%2[eEfF]|%5[cC]|%00)')",message="resource must have a path without .., // or ; that a server could read otherwise"
type ResourceURL string
