// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

//go:generate go test . -run Current$ -count=1 -update

// Type is what a code means (RFC 9457, section 4): the status of an answer that has
// it, and words for people, which may change.
type Type struct {
	Status        int
	Title, Detail string
}

// TypeOf is what a code means. A code that is no problem of the API means Internal.
func TypeOf(code auth.Code) Type {
	if t, found := lookUp(code); found {
		return t
	}
	t, _ := lookUp(auth.Internal)
	return t
}

func lookUp(code auth.Code) (t Type, found bool) {
	switch code {
	case auth.InvalidCredentials:
		return Type{401, "Invalid credentials", "The e-mail address or the password is wrong."}, true
	case auth.UserNotFound:
		return Type{404, "User not found", "There is no user with this e-mail address."}, true
	case auth.AccountLocked:
		return Type{429, "Account locked", "Too many failed logins. Try again when the lock has ended."}, true
	case auth.TooManyAttempts:
		return Type{429, "Too many attempts", "Other logins to this account are being checked. Try again shortly."}, true
	case auth.AccountDisabled:
		return Type{403, "Account disabled", "An administrator has disabled this account."}, true
	case auth.EmailNotVerified:
		return Type{403, "E-mail address not verified", "Follow the link in the mail that was sent to this address, or ask for a new one."}, true
	case auth.MailCodeOff:
		return Type{403, "Mailed codes off", "This realm mails nobody a code to sign in with. Sign in another way."}, true

	case auth.RefreshTokenInvalid:
		return Type{401, "Refresh token invalid", "The refresh token is not valid any more. Log in again."}, true
	case auth.TokenMissing:
		return Type{401, "Access token missing", "This request needs an access token."}, true
	case auth.TokenExpired:
		return Type{401, "Access token expired", "The access token has expired. Refresh it."}, true
	case auth.TokenInvalid:
		return Type{401, "Access token invalid", "The access token is not valid."}, true
	case auth.PermissionDenied:
		return Type{403, "Permission denied", "Your role does not allow this."}, true
	case auth.InsufficientAuthentication:
		return Type{403, "Stronger sign-in required", "This needs a stronger, or a more recent, sign-in than the token is of. Sign in again, or send a proof to POST /api/auth/proof, for a token that has what acr_values and max_age say."}, true

	case auth.RegistrationClosed:
		return Type{403, "Registration closed", "This realm lets nobody register. Ask an administrator for an account."}, true
	case auth.CredentialTokenInvalid:
		return Type{400, "Link invalid", "The link has expired, was used already, or is of no use any more. Ask for a new one."}, true
	case auth.PasswordNotOffered:
		return Type{403, "No passwords", "This realm gives nobody a first password. Set up a passkey."}, true
	case auth.RecoveryRequired:
		return Type{403, "Recovery required", "The account has no password, and another way in. Begin a recovery, and use the link that is mailed when it is due."}, true
	case auth.RecoveryInvalid:
		return Type{400, "No recovery", "No recovery waits that this could cancel or let through: it is over, or was cancelled already."}, true
	case auth.RecoveryContested:
		return Type{409, "Recovery contested", "Recoveries of this account were cancelled from a session again and again, or an administrator has let this one through. Use the link in the mail, or ask an administrator."}, true
	case auth.EmailTaken:
		return Type{409, "E-mail address taken", "Another account has this e-mail address."}, true
	case auth.PasswordRejected:
		return Type{400, "Password rejected", "The password is too easy to guess, or too short or too long."}, true
	case auth.ResetTokenInvalid:
		return Type{400, "Reset link invalid", "The link has expired or was used already. Request a new one."}, true
	case auth.VerifyTokenInvalid:
		return Type{400, "Verification link invalid", "The link has expired or was used already. Request a new one."}, true
	case auth.ProofRequired:
		return Type{403, "Proof required", "Your last sign-in was too long ago for this. Send your current password, a code of your second factor or a passkey with this request or to POST /api/auth/proof, or sign in again."}, true
	case auth.LastAdmin:
		return Type{409, "Last administrator", "The realm would be left without an administrator."}, true
	case auth.EmailUnavailable:
		return Type{503, "E-mail unavailable", "This realm cannot send mail."}, true

	case auth.CodeInvalid:
		return Type{401, "Code invalid", "The code is wrong, has expired or was used already."}, true
	case auth.EnrolmentCodeInvalid:
		return Type{400, "Code invalid", "The code is wrong. Enter the one that the app shows now."}, true
	case auth.ChallengeInvalid:
		return Type{401, "Sign-in expired", "This sign-in has expired or was completed already. Log in again."}, true
	case auth.SecondFactorExists:
		return Type{409, "Second factor exists", "The account has this second factor already. Remove it first."}, true
	case auth.SecondFactorMissing:
		return Type{409, "Second factor missing", "The account has no such second factor, or it was never verified."}, true
	case auth.SecondFactorUnavailable:
		return Type{503, "Second factor unavailable", "This realm cannot send text messages."}, true

	case auth.PasskeyInvalid:
		return Type{401, "Passkey not accepted", "This passkey is not known here, took too long, or was not asked for by this sign-in. Try again, or sign in another way."}, true
	case auth.PasskeyUnverified:
		return Type{401, "User not verified", "The authenticator has not checked that it is you, by a PIN, a finger or a face, now or when the passkey was set up. Use it as a second factor, after your password."}, true
	case auth.PasskeyRegistrationInvalid:
		return Type{400, "Passkey not set up", "The answer of the authenticator took too long, or was not asked for by this session. Begin again."}, true
	case auth.PasskeyExists:
		return Type{409, "Passkey exists", "This passkey is set up already, or the account has changed meanwhile. Begin again with another authenticator."}, true
	case auth.TooManyPasskeys:
		return Type{409, "Too many passkeys", "The account has as many passkeys as it can have. Remove one first."}, true

	case auth.ProviderUnknown:
		return Type{404, "Provider unknown", "There is no identity provider of this name."}, true
	case auth.ProviderUnavailable:
		return Type{503, "Provider unavailable", "The identity provider does not answer as it should. Try again shortly, or sign in another way."}, true
	case auth.ProviderRefused:
		return Type{401, "Provider refused", "The identity provider did not sign you in."}, true
	case auth.StateInvalid:
		return Type{400, "Sign-in invalid", "This sign-in has expired, was completed already or began in another browser. Start again."}, true
	case auth.IdentityRefused:
		return Type{403, "Identity refused", "This identity may not sign in here."}, true
	case auth.IdentityUnlinked:
		return Type{409, "Identity not linked", "An account has this e-mail address already. Sign in to it another way first."}, true
	case auth.ReturnURLRefused:
		return Type{400, "Return address refused", "The realm does not send anybody to this address."}, true
	case auth.AuthorizationCodeInvalid:
		return Type{400, "Code invalid", "The one-time code has expired or was used already."}, true
	case auth.IdentityTaken:
		return Type{409, "Identity taken", "Another account has this identity already."}, true
	case auth.LastIdentity:
		return Type{409, "Last identity", "You could not sign in any more without this identity or passkey. Set a password, link another identity or add another passkey first."}, true

	case auth.GroupExists:
		return Type{409, "Group exists", "Another group has this name."}, true
	case auth.TooManyGroups:
		return Type{409, "Too many groups", "The user is in as many groups as somebody can be put into."}, true
	case auth.PersonalTokenRefused:
		return Type{403, "Personal access token refused", "This realm has no personal access tokens, or this application takes none from you."}, true
	case auth.TooManyPersonalTokens:
		return Type{409, "Too many personal access tokens", "You have as many personal access tokens as one may have. End one first."}, true
	case auth.ServiceAccountExists:
		return Type{409, "Service account exists", "Another service account has this name."}, true
	case auth.TooManyServiceAccounts:
		return Type{409, "Too many service accounts", "The realm has as many service accounts as one may have. Delete one first."}, true
	case auth.ServiceAccountDisabled:
		return Type{409, "Service account disabled", "The service account is disabled. Enable it first."}, true
	case auth.ClientRequestInvalid:
		return Type{400, "Request of an application invalid", "The application is not known, has not registered the address that it wants its answer at, or asks in another way than OAuth 2.0 does."}, true
	case auth.ClientAccessDenied:
		return Type{403, "Application not open to you", "This application is for members of groups that you are not in."}, true

	case auth.RateLimited:
		return Type{429, "Too many requests", "Too many requests from your address. Try again shortly."}, true
	case auth.Busy:
		return Type{503, "Busy", "Too many passwords are being checked. Try again shortly."}, true
	case auth.DatabaseUnavailable:
		return Type{503, "Database unavailable", "The database does not answer. Try again shortly."}, true
	case auth.SigningUnavailable:
		return Type{503, "Signing key unavailable", "No key may sign tokens yet. Try again shortly."}, true

	case auth.InvalidRequest:
		return Type{400, "Invalid request", "The request body is not what this endpoint expects."}, true
	case auth.NotFound:
		return Type{404, "Not found", "There is nothing at this address."}, true
	case auth.MethodNotAllowed:
		return Type{405, "Method not allowed", "This address does not answer this method."}, true
	case auth.UnsupportedMediaType:
		return Type{415, "Unsupported media type", "The Content-Type must be application/json, or that of a form where an identity provider answers by one."}, true
	case auth.BodyTooLarge:
		return Type{413, "Body too large", "The request body must be at most 64 KiB."}, true
	case auth.Internal:
		return Type{500, "Internal error", "Something went wrong on our side. Quote the request id when you report it."}, true
	default:
		return Type{}, false
	}
}

// PageStatus is the status of a page that tells a person of a refusal. Nearly
// always it is a form that is shown again, whatever was wrong with it; programs read
// more in a status than people do. What only forms refuse is no problem of the API.
func PageStatus(code auth.Code) int {
	t, found := lookUp(code)
	switch {
	case !found, code == auth.UserNotFound, code == auth.SecondFactorUnavailable:
		return http.StatusBadRequest
	}
	switch t.Status {
	case http.StatusUnauthorized, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return http.StatusBadRequest
	default:
		return t.Status
	}
}
