// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// collector takes traces as an OpenTelemetry collector does: OTLP over HTTP.
type collector struct {
	t      *testing.T
	server *httptest.Server
	// sick makes it refuse what it is sent; refused counts how often it did.
	sick    atomic.Bool
	refused atomic.Int32

	mu    sync.Mutex
	spans []*tracepb.Span
	about []*commonpb.KeyValue // what the last spans were about
}

func newCollector(t *testing.T) *collector {
	c := &collector{t: t}
	c.server = httptest.NewServer(c)
	t.Cleanup(c.server.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	data := &tracepb.TracesData{}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, data) != nil {
		c.t.Errorf("was sent something else: %s %s, %v", r.Method, r.URL, err)
	}
	if c.sick.Load() {
		c.refused.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range data.ResourceSpans {
		c.about = resource.Resource.Attributes
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

func (c *collector) settings() *realmconfig.Tracing {
	return &realmconfig.Tracing{Endpoint: c.server.URL, SamplePercent: 100, AllowPrivateNetworks: true}
}

// taken is every span of that name, or every one at all for "".
func (c *collector) taken(name string) []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s *tracepb.Span) bool { return name != "" && s.Name != name })
}

// await returns when so many spans of that name are taken: a server that ends sends its last
// ones for two seconds, which may be too few on a machine that is busy with other things.
func (c *collector) await(name string, n int) {
	c.t.Helper()
	eventually.Holds(c.t, fmt.Sprintf("%d spans are called %q", n, name), func() bool { return len(c.taken(name)) >= n })
}

func (c *collector) one(name string) *tracepb.Span {
	c.t.Helper()
	got := c.taken(name)
	if len(got) != 1 {
		c.t.Fatalf("%d spans are called %q; there are %v", len(got), name, c.names())
	}
	return got[0]
}

func (c *collector) names() []string {
	names := []string{}
	for _, s := range c.taken("") {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func attributesOf(list []*commonpb.KeyValue) map[string]any {
	got := map[string]any{}
	for _, a := range list {
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			got[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			got[a.Key] = v.IntValue
		}
	}
	return got
}

// tracedRealm is a realm whose server sends its traces to the collector; all of
// them are there once it has ended.
func tracedRealm(t *testing.T) (*realm, *collector) {
	t.Helper()
	r, c := newRealm(t), newCollector(t)
	r.Config.Tracing = c.settings()
	r.Update()
	return r, c
}

// loginWithin is a login that is part of a trace which began elsewhere.
func (s *server) loginWithin(traceparent string) answer {
	s.t.Helper()
	return s.do(s.loginRequest(adminEmail, adminPassword, "traceparent", traceparent))
}

const (
	traceID  = "4bf92f3577b34da6a3ce929d0e0e4736" // W3C Trace Context, section 3.2
	parentID = "00f067aa0ba902b7"
)

func TestALoginIsOneTrace(t *testing.T) {
	t.Parallel()
	r, c := tracedRealm(t)
	s := r.serve()
	s.tokensOf(s.loginWithin("00-" + traceID + "-" + parentID + "-01"))
	c.await("POST /api/auth/login", 1)
	s.End()

	whole := c.one("POST /api/auth/login")
	if hex.EncodeToString(whole.TraceId) != traceID || hex.EncodeToString(whole.ParentSpanId) != parentID {
		t.Errorf("is part of trace %x, span %x", whole.TraceId, whole.ParentSpanId)
	}
	if got := attributesOf(whole.Attributes); len(got) != 3 || got["http.request.method"] != "POST" || got["http.route"] != "/api/auth/login" || got["http.response.status_code"] != int64(200) {
		t.Errorf("the request is %v", got)
	}
	if got := attributesOf(c.about); got["service.name"] != "realmkeeper" || got["realmkeeper.realm"] != r.Config.Realm {
		t.Errorf("the traces are about %v", got)
	}
	for _, name := range []string{"reserve attempt", "read user", "verify password", "start session", "GETRANGE"} {
		part := c.taken(name)
		if len(part) == 0 || string(part[0].TraceId) != string(whole.TraceId) || string(part[0].ParentSpanId) != string(whole.SpanId) {
			t.Errorf("%q is not a part of the login; there are %v", name, c.names())
		}
	}
	if got := attributesOf(c.one("start session").Attributes); len(got) != 2 || got["db.system.name"] != "postgresql" {
		t.Errorf("a statement is %v", got)
	}
	if !strings.Contains(suite.log.String(), `"traceId":"`+traceID+`"`) {
		t.Error("no line of the log names the trace")
	}
}

func TestAPageThatIsRefusedSaysWhyInItsTrace(t *testing.T) {
	t.Parallel()
	r, c := tracedRealm(t)
	s := r.serve()
	request := newRequest(t, http.MethodPost, "/signout", "")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	b := s.newPageBrowser()
	b.send(request)
	c.await("POST /signout", 1)
	s.End()
	got := attributesOf(c.one("POST /signout").Attributes)
	if b.status != http.StatusForbidden || got["http.response.status_code"] != int64(http.StatusForbidden) || got["realmkeeper.problem"] != "permission_denied" {
		t.Errorf("answered %d, and the request is %v", b.status, got)
	}
}

func TestTheCallerSaysWhetherItsTraceIsKept(t *testing.T) {
	t.Parallel()
	r, c := tracedRealm(t)
	s := r.serve()
	s.tokensOf(s.loginWithin("00-" + traceID + "-" + parentID + "-00"))
	s.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusOK, "")
	s.loginWithin("00-"+strings.Repeat("0", 32)+"-"+parentID+"-01").Expect(t, http.StatusOK, "")
	s.loginWithin("nonsense").Expect(t, http.StatusOK, "")
	c.await("POST /api/auth/login", 3)
	s.End()
	got := c.taken("POST /api/auth/login")
	if len(got) != 3 {
		t.Errorf("%d logins were kept, want 3", len(got))
	}
	for _, span := range got {
		if len(span.ParentSpanId) != 0 || hex.EncodeToString(span.TraceId) == traceID {
			t.Errorf("a login is part of %x, %x", span.TraceId, span.ParentSpanId)
		}
	}
}

func TestTracesHaveNoSecrets(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r, c := tracedRealm(t)
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	smtp := r.sendsMail()
	s := r.serve()
	const secret = "the-secret-of-this-test"
	suite.secrets.used(secret)

	got := s.login()
	s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.refresh(got.Refresh)
	s.profile(got.Access).Expect(t, http.StatusOK, "")
	s.profile(secret).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.do(newRequest(t, http.MethodGet, "/"+secret+"?token="+secret, nil)).Expect(t, http.StatusNotFound, "not_found")
	s.do(newRequest(t, strings.ToUpper(secret), "/api/auth/login", nil)).Expect(t, http.StatusMethodNotAllowed, "method_not_allowed")
	s.post("/api/auth/reset-password?token="+secret, map[string]string{"email": adminEmail})
	smtp.Await(t, adminEmail, 1)
	s.newBrowser().signIn("elsewhere", nil)
	s.eventually("the outbox is empty", func() bool { return r.waiting() == 0 })
	for _, name := range []string{"none", "deliver mail", "ask provider", "GET /api/user/profile", "GET /api/auth/oauth/{provider}"} {
		c.await(name, 1)
	}
	s.End()

	for _, span := range c.taken("") {
		document, err := proto.Marshal(span)
		if err != nil {
			t.Fatal(err)
		}
		if len(suite.secrets.in(string(document))) > 0 || strings.Contains(string(document), strings.ToUpper(secret)) {
			t.Errorf("a secret stands in %v", span)
		}
		for _, telling := range []string{"SELECT", "127.0.0.1", "example.com", "rk:test", query[string](r, "SELECT id::text FROM users LIMIT 1")} {
			if strings.Contains(string(document), telling) {
				t.Errorf("%s stands in %v", telling, span)
			}
		}
	}
	if got := attributesOf(c.taken("POST /api/auth/login")[1].Attributes); got["realmkeeper.problem"] != "invalid_credentials" {
		t.Errorf("the refused login is %v", got)
	}
}

func TestTracingIsSwitchedLive(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	first, second := newCollector(t), newCollector(t)
	s := r.serve()
	s.loginWithin("00-"+traceID+"-"+parentID+"-01").Expect(t, http.StatusOK, "")

	for _, c := range []*collector{first, second} {
		r.Config.Tracing = c.settings()
		r.Update()
		s.eventually("a login is traced", func() bool {
			s.login()
			return len(c.taken("POST /api/auth/login")) > 0
		})
	}
	if got := first.taken("POST /api/auth/login"); hex.EncodeToString(got[0].TraceId) == traceID {
		t.Error("a login was traced before tracing was on")
	}

	revision := s.Report().ConfigRevision
	r.Config.Tracing = nil
	r.Update()
	s.eventually("tracing is off", func() bool { return s.Report().ConfigRevision != revision })
	off := time.Now() // of what was before, some may be on its way still
	s.login()
	s.End()
	for _, span := range second.taken("") {
		if int64(span.StartTimeUnixNano) > off.UnixNano() {
			t.Errorf("a span %q was sent after tracing was off", span.Name)
		}
	}
}

func TestRequestsGoOnWithoutACollector(t *testing.T) {
	t.Parallel()
	silent := realmtest.Listen(t, "127.0.0.1:0") // takes connections and never answers
	defer func() { _ = silent.Close() }()
	gone := realmtest.Listen(t, "127.0.0.1:0")
	_ = gone.Close()
	for name, l := range map[string]net.Listener{"silent": silent, "gone": gone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			r.Config.Tracing = &realmconfig.Tracing{Endpoint: "http://" + l.Addr().String(), SamplePercent: 100, AllowPrivateNetworks: true}
			r.Update()
			s := r.serve()
			for range 10 {
				s.login()
			}
			s.End()
		})
	}
}

func TestAnOutageOfTheCollectorIsLoggedOnce(t *testing.T) {
	t.Parallel()
	r, c := tracedRealm(t)
	s := r.serve()
	c.sick.Store(true)
	s.eventually("two batches are refused", func() bool {
		s.login()
		return c.refused.Load() >= 2
	})
	c.sick.Store(false)
	s.eventually("traces are taken again", func() bool {
		s.login()
		return len(c.taken("")) > 0
	})
	s.loginWithin("00-"+traceID+"-"+parentID+"-01").Expect(t, http.StatusOK, "")
	s.eventually("the last one is taken as well", func() bool {
		return slices.ContainsFunc(c.taken("POST /api/auth/login"), func(s *tracepb.Span) bool { return hex.EncodeToString(s.TraceId) == traceID })
	})
	s.End()
	for _, message := range []string{"collector takes no traces, dropping them", "collector takes traces again"} {
		if lines := r.logged(message); lines != 1 {
			t.Errorf("%q stands %d times in the log", message, lines)
		}
	}
}

func TestPrivateCollectorsHaveToBeAllowed(t *testing.T) {
	t.Parallel()
	r, c := tracedRealm(t)
	r.Config.Tracing.AllowPrivateNetworks = false
	r.Update()
	s := r.serve()
	s.login()
	s.End()
	if got := c.taken(""); len(got) != 0 {
		t.Errorf("%d spans reached a private address", len(got))
	}
	if r.logged("collector takes no traces, dropping them") != 1 {
		t.Error("the log does not say so")
	}
}

// logged is how many lines of the realm's log say so.
func (r *realm) logged(message string) int {
	lines := 0
	for line := range strings.Lines(suite.log.String()) {
		if strings.Contains(line, `"msg":"`+message+`"`) && strings.Contains(line, r.Config.Realm) {
			lines++
		}
	}
	return lines
}
