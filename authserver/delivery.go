// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/backchannel"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mail"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sms"
	"github.com/realmkeeper/realmkeeper/authserver/internal/tracing"
	"github.com/realmkeeper/realmkeeper/authserver/internal/upstream"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// maxAnswer is how many bytes of an SMS service's answer are read.
const maxAnswer = 64 << 10

// delivery gives each message to its channel's sender, in a trace of its own.
type delivery struct {
	mail   *mail.Sender
	sms    *sms.Sender
	traces *tracing.Tracing
}

func (s *server) newDelivery(traces *tracing.Tracing) delivery {
	clients := func(timeout time.Duration, allowPrivate bool) *http.Client {
		return tracedClient(outbound.New(outbound.Options{Timeout: timeout, MaxAnswer: maxAnswer, AllowPrivate: allowPrivate}), "ask SMS service")
	}
	return delivery{mail.New(s.folder.Snapshot, s.Now), sms.New(s.folder.Snapshot, s.Now, clients), traces}
}

// Deliver implements notify.Transport.
func (d delivery) Deliver(ctx context.Context, channel auth.Channel, kind auth.MessageKind, id string, n notify.Notice) error {
	ctx, whole := d.traces.Task(ctx, "deliver "+string(channel))
	defer whole.End()
	whole.SetAttributes(attribute.String("realmkeeper.message", string(kind)))
	err := d.send(ctx, channel, kind, id, n)
	if err != nil {
		whole.SetStatus(codes.Error, "") // a server's words may quote the address
	}
	return err
}

func (d delivery) send(ctx context.Context, channel auth.Channel, kind auth.MessageKind, id string, n notify.Notice) error {
	if channel == auth.BySMS {
		return d.sms.Deliver(ctx, kind, id, n)
	}
	return d.mail.Deliver(ctx, kind, id, n)
}

// tracedLogouts tell each client in a trace of its own. They implement
// backchannel.Transport.
type tracedLogouts struct {
	logouts *upstream.Logouts
	traces  *tracing.Tracing
}

// Tell implements backchannel.Transport.
func (t tracedLogouts) Tell(ctx context.Context, c realmconfig.Client, token auth.Secret) error {
	ctx, whole := t.traces.Task(ctx, "tell client of logout")
	defer whole.End()
	err := t.logouts.Tell(ctx, c, token)
	if err != nil {
		whole.SetStatus(codes.Error, "")
	}
	return err
}

func (o Options) logoutTimeout() time.Duration { return cmp.Or(o.LogoutTimeout, backchannel.Timeout) }

func (o Options) newLogoutsClient(allowPrivate bool) *http.Client {
	return tracedClient(outbound.New(outbound.Options{
		Timeout: o.logoutTimeout(), MaxAnswer: upstream.MaxLogoutAnswer, AllowPrivate: allowPrivate,
	}), "ask client")
}
