// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mail"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sms"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// mostOfAnAnswer is how many bytes of an SMS service's answer are read.
const mostOfAnAnswer = 64 << 10

// courier brings each message to where its channel begins. It implements
// auth.Courier.
type courier struct {
	mail *mail.Sender
	sms  *sms.Sender
	// trace begins the trace of one delivery.
	trace func(ctx context.Context, name string) (context.Context, trace.Span)
}

func (s *server) newCourier(begin func(context.Context, string) (context.Context, trace.Span)) courier {
	clients := func(timeout time.Duration, allowPrivate bool) *http.Client {
		return tracedClient(outbound.New(outbound.Options{Timeout: timeout, MaxAnswer: mostOfAnAnswer, AllowPrivate: allowPrivate}), "ask SMS service")
	}
	return courier{mail.New(s.folder.Snapshot, s.Now), sms.New(s.folder.Snapshot, s.Now, clients), begin}
}

// Deliver implements auth.Courier.
func (c courier) Deliver(ctx context.Context, channel auth.Channel, kind auth.MessageKind, id string, n auth.Notice) error {
	ctx, whole := c.trace(ctx, "deliver "+string(channel))
	defer whole.End()
	whole.SetAttributes(attribute.String("realmkeeper.message", string(kind)))
	err := c.hand(ctx, channel, kind, id, n)
	if err != nil {
		whole.SetStatus(codes.Error, "") // a server's words may quote the address
	}
	return err
}

func (c courier) hand(ctx context.Context, channel auth.Channel, kind auth.MessageKind, id string, n auth.Notice) error {
	if channel == auth.BySMS {
		return c.sms.Deliver(ctx, kind, id, n)
	}
	return c.mail.Deliver(ctx, kind, id, n)
}

// deliver sends messages until stop is called, which waits for those in hand.
func (s *server) deliver(background context.Context, service *auth.Service) (stop func()) {
	ctx, cancel := context.WithCancel(background)
	done := make(chan struct{})
	go func() { defer close(done); service.DeliverMessages(ctx) }()
	return func() { cancel(); <-done }
}
