// SPDX-License-Identifier: Apache-2.0

package auth

import "errors"

// Reason says which of the rules behind a code has refused. Reasons are part of the
// API: they are never renamed and never change their meaning.
type Reason string

// Why an identity may not sign in: see IdentityRefused.
const (
	// DomainNotAllowed is an address outside of the domains that the provider is for.
	DomainNotAllowed Reason = "email_domain_not_allowed"
	// EmailMissing is a provider that tells no address, or none that makes sense.
	EmailMissing Reason = "email_missing"
	// EmailUnverified is an address for which the provider does not vouch.
	EmailUnverified Reason = "email_unverified"
	// SignUpClosed is a newcomer where no accounts are made.
	SignUpClosed Reason = "sign_up_closed"
)

// Why a provider has not signed somebody in: see ProviderRefused.
const (
	// SignInDeclined is a user, or a provider, that would not.
	SignInDeclined Reason = "declined"
	// ScopeRefused and ClientRefused are for whoever has registered the realm at the
	// provider.
	ScopeRefused  Reason = "scope_refused"
	ClientRefused Reason = "client_refused"
	// CodeRefused is an authorization code that has expired or was used already.
	CodeRefused Reason = "code_refused"
)

// Why an application that sends people to the realm gets no answer: see
// ClientRequestInvalid.
const (
	// ClientUnknown is an application that the realm does not have.
	ClientUnknown Reason = "client_unknown"
	// RedirectURIUnknown is an address that the application has not registered.
	RedirectURIUnknown Reason = "redirect_uri_unknown"
	// ClientDocumentUnreadable is an application that is known by a document of its own, at an
	// address that does not answer with one; ClientDocumentInvalid has one that says what the
	// realm does not take.
	ClientDocumentUnreadable Reason = "client_document_unreadable"
	ClientDocumentInvalid    Reason = "client_document_invalid"
	// RequestURIUnknown is a pushed request that has expired, was used already, or is another
	// application's.
	RequestURIUnknown Reason = "request_uri_unknown"
)

// SecondFactorNeeded is an application for those alone who have shown a second factor: see
// ClientAccessDenied.
const SecondFactorNeeded Reason = "second_factor_needed"

// Why a gateway does not let a token through that is bound to a key: see TokenInvalid and
// Busy.
const (
	// TokenBound is such a token, or another one, that is shown by the scheme of the others.
	TokenBound Reason = "token_bound"
	// ProofRefused is a proof that is none of this token, this request, or now.
	ProofRefused Reason = "proof_refused"
	// RequestUnknown is a gateway that does not say which request it asks about.
	RequestUnknown Reason = "request_unknown"
	// ProofsUnknown is a proof of which nobody can say whether it was shown before.
	ProofsUnknown Reason = "proofs_unknown"
)

// ScopeMissing is a token that a gateway, or whoever answers for a resource, wants to have more
// scopes: see PermissionDenied.
const ScopeMissing Reason = "scope_missing"

// SearchesBusy is a search that found too many others at work, or took too long: see
// Busy.
const SearchesBusy Reason = "searches_busy"

// RefuseBecause is the refusal of a code by one of its rules.
func RefuseBecause(code Code, reason Reason) *Error { return &Error{Code: code, Reason: reason} }

// ReasonOf is a refusal's reason; empty where the code says all, and for other errors.
func ReasonOf(err error) Reason {
	var refusal *Error
	if !errors.As(err, &refusal) {
		return ""
	}
	return refusal.Reason
}
