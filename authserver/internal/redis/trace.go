// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/span"
)

// traced adds each command to the trace of its request: the verb alone.
type traced struct{}

// DialHook implements redis.Hook.
func (traced) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (traced) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		ctx, s := begin(ctx, strings.ToUpper(command.Name()))
		return conclude(s, next(ctx, command))
	}
}

// ProcessPipelineHook implements redis.Hook.
func (traced) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		ctx, s := begin(ctx, "PIPELINE")
		return conclude(s, next(ctx, commands))
	}
}

func begin(ctx context.Context, verb string) (context.Context, trace.Span) {
	return span.Start(ctx, verb, trace.SpanKindClient,
		attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", verb))
}

func conclude(s trace.Span, err error) error {
	if err != nil && !errors.Is(err, redis.Nil) {
		s.SetStatus(codes.Error, "") // the error may quote the command
	}
	s.End()
	return err
}
