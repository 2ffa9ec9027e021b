// SPDX-License-Identifier: Apache-2.0

package problem

import "github.com/realmkeeper/realmkeeper/authserver/internal/auth"

// detailOf says more about a refusal than its code's Type; empty for no reason.
func detailOf(reason auth.Reason) string {
	switch reason {
	case auth.DomainNotAllowed:
		return "Only verified e-mail addresses of certain domains may sign in through this identity provider."
	case auth.EmailMissing:
		return "The identity provider tells no e-mail address of this identity."
	case auth.EmailUnverified:
		return "The identity provider has not verified the e-mail address of this identity."
	case auth.SignUpClosed:
		return "This identity has no account here, and none is made for newcomers."
	case auth.SignInDeclined:
		return "The identity provider, or the user there, declined the sign-in."
	case auth.ScopeRefused:
		return "The identity provider does not grant the scopes that the realm asks for."
	case auth.ClientRefused:
		return "The identity provider does not take the realm's request as its client."
	case auth.CodeRefused:
		return "The identity provider's code has expired or was used already. Start again."
	case auth.SearchesBusy:
		return "Searches have a small share of the database. This one found others in it, or took too long. Narrow it, or try again shortly."
	case auth.TokenBound:
		return "A token that is bound to a key is shown by the scheme DPoP, with a proof in the header DPoP, and every other one by the scheme Bearer (RFC 9449, section 7.1)."
	case auth.ProofRefused:
		return "The DPoP proof is not one of this token's key about this request, or it was made too long ago or shown before (RFC 9449, section 4.3)."
	case auth.RequestUnknown:
		return "The gateway does not say, by X-Forwarded-Method, X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Uri, of which request the DPoP proof has to be."
	case auth.ScopeMissing:
		return "The access token lacks a scope that is needed here. Ask for one with the scopes that WWW-Authenticate names (RFC 6750, section 3.1)."
	case auth.ProofsUnknown:
		return "The realm cannot say at present whether this DPoP proof was shown before. Try again shortly, with a new one."
	case auth.ClientUnknown:
		return "No application of this realm has this client_id."
	case auth.ClientDocumentUnreadable:
		return "The realm cannot read a document at the client_id: that address must answer with 200 and JSON, without a redirect, within five seconds."
	case auth.ClientDocumentInvalid:
		return "The document at the client_id is not that of a client that the realm takes. See docs/registration.md."
	case auth.RedirectURIUnknown:
		return "The application has not registered this redirect_uri or post_logout_redirect_uri."
	case auth.SecondFactorNeeded:
		return "The application needs a sign-in with a second factor."
	case auth.RequestURIUnknown:
		return "This request_uri has expired, was used already, or is another application's."
	default:
		return ""
	}
}
