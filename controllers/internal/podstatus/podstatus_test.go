// SPDX-License-Identifier: Apache-2.0

package podstatus_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/podstatus"
)

func pod(name string, change ...func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{PodIP: "10.0.0.1"}}
	for _, c := range change {
		c(&p)
	}
	return p
}

func TestEveryPodThatStaysIsAsked(t *testing.T) {
	t.Parallel()
	pods := []corev1.Pod{
		pod("c"), pod("a"),
		pod("b", func(p *corev1.Pod) {
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{
				{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}},
			}
		}),
		// Whoever answers at its address is another: its own server has not begun.
		pod("d", func(p *corev1.Pod) {
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{State: runningSince(time.Second)}}
		}),
		pod("e", func(p *corev1.Pod) { // which has a sidecar
			p.Spec.InitContainers = []corev1.Container{{Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "proxy", State: runningSince(time.Second)}}
		}),
		pod("leaving", func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }),
		pod("evicted", func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }),
	}
	seen := podstatus.Observe(t.Context(), pods, time.Now(), func(_ context.Context, p *corev1.Pod) (realmconfig.Report, error) {
		if p.Name == "b" {
			return realmconfig.Report{}, errors.New("no answer")
		}
		return realmconfig.Report{ConfigRevision: "of " + p.Name}, nil
	})
	var got []string
	for _, p := range seen {
		got = append(got, strings.TrimSpace(p.Name+" "+p.Report.ConfigRevision+p.Waiting))
		if p.Answered != (p.Name != "b" && p.Name != "d") {
			t.Errorf("pod %s: answered is %t", p.Name, p.Answered)
		}
	}
	if want := []string{"a of a", "b ImagePullBackOff", "c of c", "d", "e of e"}; !slices.Equal(got, want) {
		t.Errorf("saw %q, want %q", got, want)
	}
}

// towards sends every request to one server, whatever address it names.
type towards struct {
	server *httptest.Server
	asked  string
}

func (to *towards) RoundTrip(r *http.Request) (*http.Response, error) {
	to.asked = r.URL.String()
	r.URL.Host = strings.TrimPrefix(to.server.URL, "http://")
	return to.server.Client().Transport.RoundTrip(r)
}

func TestAskingOverHTTP(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   string // the revision, or "" for an error
	}{
		"a pod that answers":             {http.StatusOK, `{"configRevision":"abc"}`, "abc"},
		"a newer pod that says more":     {http.StatusOK, `{"configRevision":"abc","mood":"good"}`, "abc"},
		"a pod that is not itself":       {http.StatusNotFound, "", ""},
		"a pod that does not speak JSON": {http.StatusOK, "hello", ""},
		"a pod that never ends":          {http.StatusOK, `{"problem":"` + strings.Repeat("a", 1<<20), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			transport := &towards{server: server}
			p := pod("a")
			report, err := podstatus.OverHTTP(&http.Client{Transport: transport})(t.Context(), &p)
			if (err == nil) != (c.want != "") || report.ConfigRevision != c.want {
				t.Errorf("got revision %q and error %v, want %q", report.ConfigRevision, err, c.want)
			}
			if want := "http://10.0.0.1:9090/configz"; transport.asked != want {
				t.Errorf("asked %s, want %s", transport.asked, want)
			}
		})
	}
}

func TestPodWithoutAnAddressIsNotAsked(t *testing.T) {
	t.Parallel()
	p := pod("a", func(p *corev1.Pod) { p.Status.PodIP = "" })
	if _, err := podstatus.OverHTTP(http.DefaultClient)(t.Context(), &p); err == nil {
		t.Error("there is no error")
	}
}
