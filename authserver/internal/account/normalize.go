// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// FormerAddress is an address as a user has had it since before package
// mailaddress, or one that merely might be.
type FormerAddress struct{ UserID, Email string }

// FormerAddresses is the part of the Store that brings addresses into the form of
// package mailaddress.
type FormerAddresses interface {
	// FormerAddresses reads users in the order of their ids, from behind one on.
	// Among them is everybody whose address is not in its normal form.
	FormerAddresses(ctx context.Context, after string, limit int) ([]FormerAddress, error)
	// RewriteAddress writes an address in another form, in the links that were
	// mailed to it and in what is counted for it too. It is false, and nothing
	// happens, when the user no longer has it or another user has it in that form.
	RewriteAddress(ctx context.Context, a FormerAddress, to mailaddress.Address, also auth.Effects, now time.Time) (bool, error)
	// ReportAddress stores an event about a user who still has the address, unless
	// there is one of its id, and says whether it did.
	ReportAddress(ctx context.Context, a FormerAddress, e auth.Event) (bool, error)
}

// The outcomes of ActRewriteEmail besides Succeeded. Both leave the address as it
// was: its user can sign in with it, and is written to only where that is
// possible.
const (
	formTaken = string(auth.EmailTaken)
	noAddress = "invalid_email"
)

// formersAtOnce is how many addresses are read together.
const formersAtOnce = 1000

// RewriteAddresses brings every address that is stored into its normal form, and
// reports those for which there is none or which somebody else has: by user in the log
// and, once, in the audit log. Any number may do so at once, and where there is nothing
// to do it costs a question.
func RewriteAddresses(ctx context.Context, store FormerAddresses, now func() time.Time, log *slog.Logger) error {
	rewritten, left := 0, 0
	for after := uuid.Nil.String(); ; {
		batch, err := store.FormerAddresses(ctx, after, formersAtOnce)
		if err != nil {
			return err
		}
		for _, former := range batch {
			outcome, err := rewriteAddress(ctx, store, former, now(), log)
			switch {
			case err != nil:
				return err
			case outcome == auth.Succeeded:
				rewritten++
			case outcome != "":
				left++
			}
		}
		if len(batch) < formersAtOnce {
			break
		}
		after = batch[len(batch)-1].UserID
	}
	if rewritten > 0 || left > 0 {
		log.InfoContext(ctx, "addresses brought into their normal form", "rewritten", rewritten, "left", left)
	}
	return nil
}

// rewriteAddress says how it ended; not at all for an address that is as it
// should be, or that is gone.
func rewriteAddress(ctx context.Context, store FormerAddresses, former FormerAddress, now time.Time, log *slog.Logger) (outcome string, err error) {
	to, invalid := mailaddress.Parse(former.Email)
	switch {
	case invalid != nil:
		return noAddress, leaveAddress(ctx, store, former, noAddress, invalid.Error(), now, log)
	case string(to) == former.Email:
		return "", nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make id: %w", err)
	}
	event := auth.Event{
		ID: id.String(), Action: auth.ActRewriteEmail, Outcome: auth.Succeeded, TargetID: former.UserID, Account: auth.KeyOf(string(to)), At: now,
	}
	done, err := store.RewriteAddress(ctx, former, to, auth.Effects{Events: []auth.Event{event}}, now)
	switch {
	case err != nil:
		return "", err
	case done:
		event.Log(ctx, log)
		return auth.Succeeded, nil
	}
	return formTaken, leaveAddress(ctx, store, former, formTaken, "another user has it in its normal form", now, log)
}

// leaveAddress tells of an address that stays as it is. The event's id is that of
// the user and the address, so that it is told of once.
func leaveAddress(ctx context.Context, store FormerAddresses, former FormerAddress, outcome, reason string, now time.Time, log *slog.Logger) error {
	user, err := uuid.Parse(former.UserID)
	if err != nil {
		return fmt.Errorf("read id: %w", err)
	}
	account := auth.KeyOf(former.Email)
	event := auth.Event{
		ID: uuid.NewSHA1(user, account[:]).String(), Action: auth.ActRewriteEmail, Outcome: outcome,
		TargetID: former.UserID, Account: account, At: now,
	}
	told, err := store.ReportAddress(ctx, former, event)
	if told {
		event.Log(ctx, log)
		log.WarnContext(ctx, "address left as it is", "user", former.UserID, "reason", reason)
	}
	return err
}
