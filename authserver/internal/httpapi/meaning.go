// SPDX-License-Identifier: Apache-2.0

package httpapi

import "github.com/realmkeeper/realmkeeper/authserver/internal/auth"

// described is what a code means to a reader.
type described struct {
	status        int
	title, detail string
}

func describe(code auth.Code) described {
	switch code {
	case auth.InvalidCredentials:
		return described{401, "Invalid credentials", "The e-mail address or the password is wrong."}
	case auth.UserNotFound:
		return described{404, "User not found", "There is no user with this e-mail address."}
	case auth.AccountLocked:
		return described{429, "Account locked", "Too many failed logins. Try again when the lock has ended."}
	case auth.TooManyAttempts:
		return described{429, "Too many attempts", "Other logins to this account are being checked. Try again shortly."}
	case auth.AccountDisabled:
		return described{403, "Account disabled", "An administrator has disabled this account."}
	case auth.EmailNotVerified:
		return described{403, "E-mail address not verified", "Follow the link in the mail that was sent to this address, or ask for a new one."}

	case auth.RefreshTokenInvalid:
		return described{401, "Refresh token invalid", "The refresh token is not valid any more. Log in again."}
	case auth.TokenMissing:
		return described{401, "Access token missing", "This request needs an access token."}
	case auth.TokenExpired:
		return described{401, "Access token expired", "The access token has expired. Refresh it."}
	case auth.TokenInvalid:
		return described{401, "Access token invalid", "The access token is not valid."}
	case auth.PermissionDenied:
		return described{403, "Permission denied", "Your role does not allow this."}

	case auth.RegistrationClosed:
		return described{403, "Registration closed", "This realm lets nobody register. Ask an administrator for an account."}
	case auth.EmailTaken:
		return described{409, "E-mail address taken", "Another account has this e-mail address."}
	case auth.PasswordRejected:
		return described{400, "Password rejected", "The password is too easy to guess, or too short or too long."}
	case auth.ResetTokenInvalid:
		return described{400, "Reset link invalid", "The link has expired or was used already. Request a new one."}
	case auth.VerifyTokenInvalid:
		return described{400, "Verification link invalid", "The link has expired or was used already. Request a new one."}
	case auth.ProofRequired:
		return described{403, "Proof required", "Your last sign-in was too long ago for this. Send your current password or a code of your second factor with this request or to POST /api/auth/proof, or sign in again."}
	case auth.LastAdmin:
		return described{409, "Last administrator", "The realm would be left without an administrator."}
	case auth.EmailUnavailable:
		return described{503, "E-mail unavailable", "This realm cannot send mail."}

	case auth.CodeInvalid:
		return described{401, "Code invalid", "The code is wrong, has expired or was used already."}
	case auth.EnrolmentCodeInvalid:
		return described{400, "Code invalid", "The code is wrong. Enter the one that the app shows now."}
	case auth.ChallengeInvalid:
		return described{401, "Sign-in expired", "This sign-in has expired or was completed already. Log in again."}
	case auth.SecondFactorExists:
		return described{409, "Second factor exists", "The account has this second factor already. Remove it first."}
	case auth.SecondFactorMissing:
		return described{409, "Second factor missing", "The account has no such second factor, or it was never verified."}
	case auth.SecondFactorUnavailable:
		return described{503, "Second factor unavailable", "This realm cannot send text messages."}

	case auth.ProviderUnknown:
		return described{404, "Provider unknown", "There is no identity provider of this name."}
	case auth.ProviderUnavailable:
		return described{503, "Provider unavailable", "The identity provider does not answer as it should. Try again shortly, or sign in another way."}
	case auth.ProviderRefused:
		return described{401, "Provider refused", "The identity provider did not sign you in."}
	case auth.StateInvalid:
		return described{400, "Sign-in invalid", "This sign-in has expired, was completed already or began in another browser. Start again."}
	case auth.IdentityRefused:
		return described{403, "Identity refused", "This identity may not sign in here."}
	case auth.IdentityUnlinked:
		return described{409, "Identity not linked", "An account has this e-mail address already. Sign in to it another way first."}
	case auth.ReturnURLRefused:
		return described{400, "Return address refused", "The realm does not send anybody to this address."}
	case auth.OAuthCodeInvalid:
		return described{400, "Code invalid", "The one-time code has expired or was used already."}
	case auth.IdentityTaken:
		return described{409, "Identity taken", "Another account has this identity already."}
	case auth.LastIdentity:
		return described{409, "Last identity", "You could not sign in any more without this identity. Set a password or link another one first."}

	case auth.RateLimited:
		return described{429, "Too many requests", "Too many requests from your address. Try again shortly."}
	case auth.Busy:
		return described{503, "Busy", "Too many passwords are being checked. Try again shortly."}
	case auth.DatabaseUnavailable:
		return described{503, "Database unavailable", "The database does not answer. Try again shortly."}
	case auth.SigningUnavailable:
		return described{503, "Signing key unavailable", "No key may sign tokens yet. Try again shortly."}

	case auth.InvalidRequest:
		return described{400, "Invalid request", "The request body is not what this endpoint expects."}
	case auth.NotFound:
		return described{404, "Not found", "There is nothing at this address."}
	case auth.MethodNotAllowed:
		return described{405, "Method not allowed", "This address does not answer this method."}
	case auth.UnsupportedMediaType:
		return described{415, "Unsupported media type", "The Content-Type must be application/json."}
	case auth.BodyTooLarge:
		return described{413, "Body too large", "The request body must be at most 64 KiB."}
	default:
		return described{500, "Internal error", "Something went wrong on our side. Quote the request id when you report it."}
	}
}
