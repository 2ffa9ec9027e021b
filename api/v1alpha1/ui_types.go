// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// UI says what users see and where their browsers are sent.
//
// +kubebuilder:validation:MinProperties=1
type UI struct {
	// displayName is what the realm is called on its pages, in mails and
	// authenticator apps; the realm's own name when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="size(bytes(self)) <= 64",message="displayName may have at most 64 bytes"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^[:cntrl:]]*[^[:cntrl:][:space:]:][^[:cntrl:]]*$')",message="displayName must be a name on one line"
	DisplayName string `json:"displayName,omitempty"`

	// logo stands at the head of every page in place of the name.
	// +optional
	Logo *Logo `json:"logo,omitempty"`

	// colors are those of the pages.
	// +optional
	Colors *Colors `json:"colors,omitempty"`

	// supportURL is where people find help; email.supportURL when absent.
	// +optional
	SupportURL WebURL `json:"supportURL,omitempty"`

	// legalLinks stand at the foot of every page, such as terms, privacy and imprint.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=6
	LegalLinks []LegalLink `json:"legalLinks,omitempty"`

	// languages are those that pages come in, the first for whoever reads none
	// of them; en, de, es, fr when absent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Languages []Language `json:"languages,omitempty"`

	// texts are the realm's own words by language and key, such as
	// {de: {signin.title: Willkommen}}. docs/pages.md tells where the keys are
	// listed.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=4
	// +kubebuilder:validation:XValidation:rule="self.all(l, l in ['en', 'de', 'es', 'fr'])",message="texts are by language: en, de, es or fr"
	Texts map[string]Texts `json:"texts,omitempty"`

	// returnURLs are where a browser may be sent after signing in. A URL fits
	// one of the same scheme, host and path, or with a path below it when the
	// entry ends with "/".
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(u, !u.contains('?') && !u.contains('#'))",message="returnURLs must have no query and no fragment"
	// +kubebuilder:validation:XValidation:rule="self.all(u, !u.matches('^https?://[^/?#]+') || u.matches('^https?://(([-_a-zA-Z0-9]{1,63}[.])*[a-zA-Z][-_a-zA-Z0-9]{0,62}|(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}|[[][0-9a-fA-F:.]+[]])(:[0-9]*)?([/?#]|$)'))",message="returnURLs must name one host in ASCII (xn-- for other letters, no * and no dot at its end), or an IP address such as 192.0.2.7"
	// +kubebuilder:validation:XValidation:rule="self.all(u, !u.matches('^https?://[^/]+(/.*)?(//|/[.][.]?(/|$)|;|%2[eE]|%2[fF]|%5[cC]|%00)') && !u.contains('\\\\'))",message="returnURLs must have a path that is read in one way: without '..', '//', ';' or a backslash, also in disguise"
	ReturnURLs []WebURL `json:"returnURLs,omitempty"`

	// resetPasswordURL is what reset mails link to, with {token} where the
	// token goes; /reset/{token} below the issuer when absent.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.contains('{token}')",message="resetPasswordURL must say with {token} where the token goes, such as https://app.example.com/reset?token={token}"
	ResetPasswordURL WebURL `json:"resetPasswordURL,omitempty"`

	// verifyEmailURL is what verification mails link to, with {token} where the
	// token goes; /verify-email/{token} below the issuer when absent.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.contains('{token}')",message="verifyEmailURL must say with {token} where the token goes, such as https://app.example.com/verify?token={token}"
	VerifyEmailURL WebURL `json:"verifyEmailURL,omitempty"`
}

// Logo is a picture, SVG or PNG, of at most 32 KiB.
type Logo struct {
	// configMapRef names the ConfigMap of this namespace that holds the picture,
	// as kubectl create configmap --from-file makes it.
	// +required
	ConfigMapRef ConfigMapKeyRef `json:"configMapRef,omitzero"`
}

// ConfigMapKeyRef names one key of a ConfigMap in the same namespace.
type ConfigMapKeyRef struct {
	// name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a ConfigMap: lower-case letters, digits, '-' and '.', such as shop-brand"
	Name string `json:"name,omitempty"`

	// key in the ConfigMap's data or binaryData.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="key may hold only letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self != '.' && !self.startsWith('..')",message="key must not be '.' and must not begin with '..', which are folders"
	Key string `json:"key,omitempty"`
}

// Colors are those of the pages, for each of a browser's color schemes.
//
// +kubebuilder:validation:MinProperties=1
type Colors struct {
	// light is for browsers that ask for light pages, and for those that do not
	// say.
	// +optional
	Light *Theme `json:"light,omitempty"`

	// dark is for browsers that ask for dark pages.
	// +optional
	Dark *Theme `json:"dark,omitempty"`
}

// Theme is the colors of one color scheme; what is absent is as it was built.
// Text must have a contrast of 4.5:1 to what it stands on (WCAG 2.2, success
// criterion 1.4.3): a theme in which some would not is left out, and the
// condition BrandingAccepted says so.
//
// +kubebuilder:validation:MinProperties=1
type Theme struct {
	// accent is the color of buttons, with black or white text, whichever reads
	// better, and of links where it can be read there. That of light when absent
	// from dark.
	// +optional
	Accent Color `json:"accent,omitempty"`

	// background is behind everything.
	// +optional
	Background Color `json:"background,omitempty"`

	// surface is what forms stand on.
	// +optional
	Surface Color `json:"surface,omitempty"`

	// text is the color of what there is to read.
	// +optional
	Text Color `json:"text,omitempty"`
}

// Color is red, green and blue in hexadecimal.
//
// +kubebuilder:validation:MinLength=7
// +kubebuilder:validation:MaxLength=7
// +kubebuilder:validation:XValidation:rule="self.matches('^#[0-9a-fA-F]{6}$')",message="must be a color such as #2f56c6"
type Color string

// LegalLink is a page that people must be able to find.
type LegalLink struct {
	// text of the link, such as Privacy.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^[:cntrl:]]*[^[:cntrl:][:space:]][^[:cntrl:]]*$')",message="must be words on one line, such as Privacy"
	Text string `json:"text,omitempty"`

	// url of the page.
	// +required
	URL WebURL `json:"url,omitempty"`
}

// Language is one that pages come in, as in BCP 47.
//
// +kubebuilder:validation:Enum=en;de;es;fr
type Language string

// Texts are words of the pages by key.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:MaxProperties=256
// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 64 && k.matches('^[a-z0-9_-]+([.][a-z0-9_-]+)*$'))",message="texts are by key, such as signin.title"
type Texts map[string]Text

// Text may hold what its key's own text holds in braces, such as {email}.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=500
type Text string
