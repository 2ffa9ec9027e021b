// SPDX-License-Identifier: Apache-2.0

package session

// MaxRetries is how often to start again while the user logs in elsewhere.
const MaxRetries = 5

// EndReason says why a session ended.
type EndReason string

const (
	EndedByLogout   EndReason = "logout"
	EndedByReuse    EndReason = "reuse"
	EndedByUser     EndReason = "ended_by_user"
	EndedByAdmin    EndReason = "ended_by_admin"
	EndedByPassword EndReason = "password_changed"
	EndedBySettings EndReason = "sessions_not_before"
	EndedByReclaim  EndReason = "account_reclaimed"
	EndedByRecovery EndReason = "account_recovered"
	// Those below are of a client's grant.
	EndedByCodeReuse  EndReason = "code_reused"
	EndedByRevocation EndReason = "revoked"
	EndedWithClient   EndReason = "client_deleted"
)
