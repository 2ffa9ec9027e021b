// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// giveUpAfter is how long delivery of a message is tried.
	giveUpAfter = 24 * time.Hour
	// firstRetry doubles with each attempt, up to longestRetry.
	firstRetry   = 2 * time.Second
	longestRetry = 15 * time.Minute
	// leaseMargin is how much longer a message is claimed than its delivery may
	// take: time to write down the result, and for clocks that differ.
	leaseMargin = time.Minute
	// unconfigured bounds deliveries of a realm that has no settings for them.
	unconfigured = time.Second
)

// The outcomes of a delivery, for the metrics.
const (
	delivered = "delivered"
	postponed = "postponed"
	abandoned = "abandoned"
)

// Observer counts messages.
type Observer interface {
	// Message counts an attempt to deliver.
	Message(channel, kind, outcome string)
	// Delivered says how long a message took from its cause until it was handed over.
	Delivered(channel string, took time.Duration)
	// Backlog says how many messages wait, and how long the oldest of them has.
	Backlog(messages int, oldest time.Duration)
}

// deliverOne tries once and writes down what became of it.
//
// A message is sent twice only when the transport's yes is lost: when the receiver
// gives it too late, or when this process, or its way to the database, is lost from
// then until the claim has run out. Its id is the same then, so that receivers can
// tell.
func (s *Service) deliverOne(ctx context.Context, m Claimed) {
	notice, err := s.attempt(ctx, m)
	log := s.Log.With("message", m.ID, "channel", m.Channel, "kind", m.Kind, "attempt", m.Attempt)
	now := s.Now()
	switch {
	case err == nil:
		s.Observer.Message(string(m.Channel), string(m.Kind), delivered)
		s.Observer.Delivered(string(m.Channel), now.Sub(m.CreatedAt))
		log.InfoContext(ctx, "message delivered")
		err = Persist(ctx, func(ctx context.Context) error { return s.Store.ForgetMessage(ctx, m.ID) })
	case permanent(err) || now.Sub(m.CreatedAt) >= giveUpAfter:
		s.Observer.Message(string(m.Channel), string(m.Kind), abandoned)
		err = s.abandon(ctx, m, notice, reason(err), now)
	default:
		s.Observer.Message(string(m.Channel), string(m.Kind), postponed)
		until := now.Add(s.retryAfter(m.Attempt))
		log.WarnContext(ctx, "message not delivered yet", "reason", reason(err), "until", until)
		err = Persist(ctx, func(ctx context.Context) error { return s.Store.PostponeMessage(ctx, m, until) })
	}
	if err != nil {
		log.ErrorContext(ctx, "result of delivery not stored, the message may be sent again", "error", err)
	}
}

func (s *Service) attempt(ctx context.Context, m Claimed) (Notice, error) {
	notice, err := openMessage(s.Sealer, m.Message)
	if err != nil {
		// The key may be one that this pod has not been told of yet.
		return Notice{}, &DeliveryError{Reason: "contents cannot be opened"}
	}
	if notice.Lifetime > 0 && !s.Now().Before(notice.At.Add(notice.Lifetime)) {
		return notice, &DeliveryError{Reason: "link or code expired before it could be sent", Permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout(m.Channel))
	defer cancel()
	return notice, s.Transport.Deliver(ctx, m.Channel, m.Kind, m.ID, notice)
}

// abandon removes the message, contents and all; the audit log says that there was one.
func (s *Service) abandon(ctx context.Context, m Claimed, n Notice, reason string, now time.Time) error {
	id, err := s.NewID()
	if err != nil {
		return err
	}
	event := auth.Event{
		ID: id, Action: auth.ActAbandonMessage, Outcome: auth.Failed, At: now,
		Detail: fmt.Sprintf("%s %s: %s", m.Channel, m.Kind, reason),
	}
	if m.Channel == auth.ByMail && n.To != "" {
		event.Account = auth.KeyOf(n.To)
	}
	err = Persist(ctx, func(ctx context.Context) error {
		return s.Store.AbandonMessage(ctx, m, auth.Effects{Events: []auth.Event{event}}, now)
	})
	if err == nil {
		s.Audit.Print(ctx, event)
	}
	return err
}

// Persist insists while the database is away: what has been sent must not be
// sent again. It writes once at least, also when ctx is done.
func Persist(ctx context.Context, write func(context.Context) error) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := write(context.WithoutCancel(ctx))
		if err == nil || !errors.Is(err, auth.Refuse(auth.DatabaseUnavailable)) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func (s *Service) timeout(c auth.Channel) time.Duration {
	settings := s.Settings()
	switch {
	case c == auth.ByMail && settings.Email != nil:
		return time.Duration(settings.Email.Timeout)
	case c == auth.BySMS && settings.SMS != nil:
		return time.Duration(settings.SMS.Timeout)
	default:
		return unconfigured
	}
}

func (s *Service) retryAfter(attempt int) time.Duration {
	return RetryAfter(s.Random, attempt, firstRetry, longestRetry)
}

// RetryAfter is a pause that doubles with every attempt, from the first up to the longest.
// A quarter of it is left to chance, so that what failed together is not tried together
// again.
func RetryAfter(random io.Reader, attempt int, first, longest time.Duration) time.Duration {
	pause := longest
	if doublings := attempt - 1; doublings < 16 {
		pause = min(first<<doublings, longest)
	}
	chance := [1]byte{}
	_, _ = random.Read(chance[:])
	return pause - pause/4*time.Duration(chance[0])/256
}

func permanent(err error) bool {
	var u *DeliveryError
	return errors.As(err, &u) && u.Permanent
}

// reason is what may be said of a failed delivery.
func reason(err error) string {
	var u *DeliveryError
	switch {
	case errors.As(err, &u):
		return u.Reason
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	default:
		return "failed"
	}
}
