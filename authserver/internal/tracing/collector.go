// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// collector is wherever the settings say at each sending. It implements
// otlptrace.Client, whose usual implementation would bring gRPC along.
type collector struct {
	Options
	public, private *http.Client
	unreachable     atomic.Bool
}

func newCollector(o Options) *collector {
	return &collector{Options: o, public: o.Client(false), private: o.Client(true)}
}

// Start implements otlptrace.Client.
func (c *collector) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *collector) Stop(context.Context) error { return nil }

// UploadTraces implements otlptrace.Client. It never fails: an error would go to
// a handler that the whole process shares, for every batch anew.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	settings := c.Settings()
	if settings == nil {
		return nil // switched off since
	}
	err := c.post(ctx, *settings, spans)
	switch {
	case err == nil && c.unreachable.Swap(false):
		c.Log.InfoContext(ctx, "collector takes traces again")
	case err != nil && !c.unreachable.Swap(true):
		c.Log.WarnContext(ctx, "collector takes no traces, dropping them", "error", err)
	}
	return nil
}

// post sends what OTLP calls an ExportTraceServiceRequest; TracesData is the
// same on the wire.
func (c *collector) post(ctx context.Context, to realmconfig.Tracing, spans []*tracepb.ResourceSpans) error {
	address, err := url.JoinPath(to.Endpoint, "v1/traces")
	if err != nil {
		return fmt.Errorf("read endpoint: %w", err)
	}
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encode traces: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	client := c.public
	if to.AllowPrivateNetworks {
		client = c.private
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("send traces: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body) // so that the connection can be used again
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("send traces: collector answers %d", response.StatusCode)
	}
	return nil
}
