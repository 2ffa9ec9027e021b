// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Action is what an Event tells of, as subject.verb.
type Action string

const (
	ActLogin                   Action = "login"
	ActChallenge               Action = "login.challenged"
	ActRequestCode             Action = "login.code_requested"
	ActLogout                  Action = "logout"
	ActReuse                   Action = "refresh_token.reused"
	ActRegister                Action = "user.registered"
	ActRequestRegistration     Action = "user.registration_requested"
	ActBeginRecovery           Action = "recovery.begun"
	ActCancelRecovery          Action = "recovery.cancelled"
	ActApproveRecovery         Action = "recovery.approved"
	ActRecoverAccount          Action = "account.recovered"
	ActVerifyEmail             Action = "email.verified"
	ActChangeEmail             Action = "email.changed"
	ActRewriteEmail            Action = "email.rewritten"
	ActCancelEmailChange       Action = "email.change_cancelled"
	ActReclaimAccount          Action = "account.reclaimed"
	ActRequestVerification     Action = "email.verification_requested"
	ActUpdateProfile           Action = "profile.updated"
	ActDeleteAccount           Action = "user.deleted"
	ActProve                   Action = "proof.given"
	ActChangePassword          Action = "password.changed"
	ActRequestReset            Action = "password.reset_requested"
	ActResetPassword           Action = "password.reset"
	ActEndSession              Action = "session.ended"
	ActAddSecondFactor         Action = "second_factor.added"
	ActRemoveSecondFactor      Action = "second_factor.removed"
	ActRenewBackupCodes        Action = "backup_codes.renewed"
	ActLinkIdentity            Action = "identity.linked"
	ActUnlinkIdentity          Action = "identity.unlinked"
	ActLock                    Action = "account.locked"
	ActUnlock                  Action = "account.unlocked"
	ActCreateUser              Action = "user.created"
	ActChangeRole              Action = "user.role_changed"
	ActDisableUser             Action = "user.disabled"
	ActEnableUser              Action = "user.enabled"
	ActCreateGroup             Action = "group.created"
	ActRenameGroup             Action = "group.renamed"
	ActDeleteGroup             Action = "group.deleted"
	ActAddMember               Action = "group.member_added"
	ActRemoveMember            Action = "group.member_removed"
	ActMapGroups               Action = "groups.mapped"
	ActAbandonMessage          Action = "message.abandoned"
	ActBeginGrant              Action = "grant.begun"
	ActEndGrant                Action = "grant.ended"
	ActReuseCode               Action = "authorization_code.reused"
	ActGiveConsent             Action = "consent.given"
	ActRevokeConsent           Action = "consent.revoked"
	ActAllowDevice             Action = "device.allowed"
	ActDenyDevice              Action = "device.denied"
	ActReuseDeviceCode         Action = "device_code.reused"
	ActMakePersonalToken       Action = "personal_access_token.made"
	ActUsePersonalToken        Action = "personal_access_token.first_used"
	ActEndPersonalToken        Action = "personal_access_token.ended"
	ActCreateServiceAccount    Action = "service_account.created"
	ActDescribeServiceAccount  Action = "service_account.described"
	ActDisableServiceAccount   Action = "service_account.disabled"
	ActEnableServiceAccount    Action = "service_account.enabled"
	ActDeleteServiceAccount    Action = "service_account.deleted"
	ActAddServiceAccount       Action = "service_account.group_added"
	ActRemoveServiceAccount    Action = "service_account.group_removed"
	ActMakeServiceAccountToken Action = "service_account.token_made"
	ActUseServiceAccountToken  Action = "service_account.token_first_used"
	ActEndServiceAccountToken  Action = "service_account.token_ended"
	ActAddPasskey              Action = "passkey.added"
	ActRenamePasskey           Action = "passkey.renamed"
	ActRemovePasskey           Action = "passkey.removed"
	ActSuspectClone            Action = "passkey.clone_suspected"
	ActRegisterClient          Action = "client.registered"
	ActStopSignIn              Action = "login.stopped"
	ActRequestSetUpCode        Action = "login.set_up_code_requested"
	ActTellRequirement         Action = "requirement.told"
	ActReachRequirement        Action = "requirement.reached"
	ActMeetRequirement         Action = "requirement.met"
)

// Event is an entry of the audit log: who did what to whom, when, from where, and how
// it ended. It holds no secret.
type Event struct {
	ID     string
	Action Action
	// Outcome is "succeeded" or the code of the refusal.
	Outcome string
	// Reason is the refusal's; empty for others.
	Reason Reason
	// ActorID is the user who acted, or the service account, empty for a stranger; TargetID
	// the user it was done to, or the service account.
	ActorID, TargetID string
	// Account is the key of the address that was tried, for those without a user.
	Account   AccountKey
	Address   string
	UserAgent string
	// Detail says more, such as the provider's name or the new role.
	Detail string
	At     time.Time
}

// Succeeded is the outcome of an event that was not refused; Failed that of one
// which nobody refused, but which came to nothing.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
)

// Log writes the line an auditor looks for.
func (e Event) Log(ctx context.Context, log *slog.Logger) {
	level := slog.LevelInfo
	if e.Outcome != Succeeded {
		level = slog.LevelWarn
	}
	attrs := []any{"action", e.Action, "outcome", e.Outcome}
	for _, a := range []struct{ name, value string }{
		{"reason", string(e.Reason)}, {"actor", e.ActorID}, {"target", e.TargetID}, {"address", e.Address}, {"detail", e.Detail},
	} {
		if a.value != "" {
			attrs = append(attrs, a.name, a.value)
		}
	}
	if e.Account != (AccountKey{}) {
		attrs = append(attrs, "account", e.Account.Short())
	}
	log.Log(ctx, level, "audit", attrs...)
}

// ClientLeft is the outcome of a request whose client did not wait for it. There
// is no answer that could carry it.
const ClientLeft Code = "client_left"

// OutcomeOf is an Event's outcome for an error.
func OutcomeOf(err error) string {
	var refusal *Error
	switch {
	case err == nil:
		return Succeeded
	case errors.As(err, &refusal):
		return string(refusal.Code)
	case errors.Is(err, context.Canceled):
		return string(ClientLeft)
	default:
		return string(Internal)
	}
}
