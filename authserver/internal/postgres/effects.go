// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// withEffects goes after the other WITH queries of a statement, of which the one
// called cause returns a row if the change happens; then, and only then, its
// messages and events are stored too, the messages within their quotas. Its arguments
// are those of effects.
const withEffects = `
, quota_asking AS (SELECT FROM cause), quota_recipient AS (SELECT FROM cause), ` + countingQuotas + withCountedEffects

// withCountedEffects takes the place of withEffects in a statement that has counted its
// messages against their quotas before the change; see countingQuotas.
const withCountedEffects = `
, enqueued AS (
    INSERT INTO outbox (id, channel, kind, sealed, created_at, due_at)
    SELECT id, channel, kind, decode(sealed, 'hex'), coalesce(due, @effects_at), coalesce(due, @effects_at)
    FROM jsonb_to_recordset(@messages) AS m (id uuid, channel text, kind text, sealed text, due timestamptz)
    WHERE EXISTS (SELECT FROM cause) AND id NOT IN (SELECT message FROM quota_refused)
), recorded AS (
    INSERT INTO audit_events (id, at, action, outcome, actor_id, target_id, account_key, address, user_agent, detail, reason)
    SELECT id, at, action, outcome, actor_id, target_id, decode(account_key, 'hex'), address, user_agent, detail, reason
    FROM jsonb_to_recordset(@events) AS e (
        id uuid, at timestamptz, action text, outcome text, actor_id uuid, target_id uuid,
        account_key text, address text, user_agent text, detail text, reason text)
    WHERE EXISTS (SELECT FROM cause)
)`

// effects adds the arguments of withEffects to args. Messages are due at now, but for those
// that say another time.
func effects(also auth.Effects, now time.Time, args pgx.NamedArgs) (pgx.NamedArgs, error) {
	messages := []messageRow{}
	for _, m := range also.Messages {
		messages = append(messages, messageRow{m.ID, string(m.Channel), string(m.Kind), hex.EncodeToString(m.Sealed), m.Due})
	}
	events := []eventRow{}
	for _, e := range also.Events {
		events = append(events, rowOf(e))
	}
	for name, rows := range map[string]any{"messages": messages, "events": events} {
		document, err := json.Marshal(rows)
		if err != nil {
			return nil, fmt.Errorf("encode effects: %w", err)
		}
		args[name] = string(document)
	}
	args["effects_at"] = now
	quotaArgs(also.Messages, now, args)
	return args, nil
}

type messageRow struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Kind    string `json:"kind"`
	Sealed  string `json:"sealed"`
	// Due is absent for what is due at once; nobody waits for it before.
	Due time.Time `json:"due,omitzero"`
}

type eventRow struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Action     string    `json:"action"`
	Outcome    string    `json:"outcome"`
	ActorID    *string   `json:"actor_id"`
	TargetID   *string   `json:"target_id"`
	AccountKey *string   `json:"account_key"`
	Address    string    `json:"address"`
	UserAgent  string    `json:"user_agent"`
	Detail     string    `json:"detail"`
	Reason     *string   `json:"reason"`
}

func rowOf(e auth.Event) eventRow {
	row := eventRow{
		ID: e.ID, At: e.At, Action: string(e.Action), Outcome: e.Outcome,
		ActorID: orNull(e.ActorID), TargetID: orNull(e.TargetID),
		Address: e.Address, UserAgent: shortAgent(e.UserAgent), Detail: e.Detail, Reason: orNull(string(e.Reason)),
	}
	if e.Account != (auth.AccountKey{}) {
		row.AccountKey = orNull(e.Account.String())
	}
	return row
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// RecordEvent implements audit.Store.
func (s *Store) RecordEvent(ctx context.Context, e auth.Event) error {
	args, err := effects(auth.Effects{Events: []auth.Event{e}}, e.At, pgx.NamedArgs{})
	if err != nil {
		return err
	}
	return s.exec(ctx, "record event", `WITH cause AS (SELECT)`+withEffects+` SELECT`, args)
}
