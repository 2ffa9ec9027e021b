// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	probeInterval = 100 * time.Millisecond
	probeTimeout  = 2 * time.Second
	restartDelay  = time.Second
)

// Run is the first process of a node. It waits for a byte on permission, so
// that whoever started it can first write down that it exists and how to end
// it; without the byte it does nothing. Then it runs the plan until ctx ends.
func Run(ctx context.Context, permission io.Reader, state, programs string) error {
	if _, err := io.ReadFull(permission, make([]byte, 1)); err != nil {
		return fmt.Errorf("wait for permission to start: %w", err)
	}
	if os.Getpid() != 1 {
		return fmt.Errorf("the node must be the first process of its namespaces, not process %d", os.Getpid())
	}
	if err := isolate(state, programs); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(State, "plan.json"))
	if err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	var plan Plan
	if err := json.Unmarshal(content, &plan); err != nil {
		return fmt.Errorf("decode plan: %w", err)
	}
	return newSupervisor(plan).run(ctx)
}

type supervisor struct {
	plan   Plan
	reaper *reaper
	ready  map[string]chan struct{} // closed when the component is ready for the first time

	mu     sync.Mutex
	status Status
}

func newSupervisor(plan Plan) *supervisor {
	s := &supervisor{
		plan:   plan,
		reaper: &reaper{waiting: map[int]chan syscall.WaitStatus{}},
		ready:  map[string]chan struct{}{},
		status: Status{},
	}
	for _, component := range plan.Components {
		s.ready[component.Name] = make(chan struct{})
	}
	return s
}

func (s *supervisor) run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { s.reaper.run(ctx) })
	for _, component := range s.plan.Components {
		running.Go(func() { s.keepRunning(ctx, component) })
	}
	running.Wait()
	return nil
}

// keepRunning starts component when what it needs is ready, and again whenever
// it ends, until ctx ends.
func (s *supervisor) keepRunning(ctx context.Context, component Component) {
	for _, need := range component.Needs {
		select {
		case <-ctx.Done():
			return
		case <-s.ready[need]:
		}
	}
	var once sync.Once
	for ctx.Err() == nil {
		alive, died := context.WithCancel(ctx)
		ended, err := s.start(component)
		if err == nil {
			go s.awaitReady(alive, component, &once)
			select {
			case <-ctx.Done():
			case status := <-ended:
				err = fmt.Errorf("%s", describe(status))
			}
		}
		died()
		if ctx.Err() != nil {
			return
		}
		s.report(component.Name, func(c *ComponentStatus) { c.Ready = false; c.Exits++; c.Failure = err.Error() })
		pause(ctx, restartDelay)
	}
}

func (s *supervisor) start(component Component) (<-chan syscall.WaitStatus, error) {
	log, err := os.OpenFile(filepath.Join(State, "logs", component.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = log.Close() }()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	defer func() { _ = nothing.Close() }()
	ended, err := s.reaper.start(component.Args, &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"},
		Files: []uintptr{nothing.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", component.Args[0], err)
	}
	return ended, nil
}

func (s *supervisor) awaitReady(alive context.Context, component Component, once *sync.Once) {
	for !component.Ready.succeeds(alive) {
		if pause(alive, probeInterval); alive.Err() != nil {
			return
		}
	}
	s.report(component.Name, func(c *ComponentStatus) { c.Ready = true })
	once.Do(func() { close(s.ready[component.Name]) })
}

// report changes the status of one component and publishes the whole status.
// A status that cannot be written is printed: the node's own log is all that
// is left then.
func (s *supervisor) report(name string, change func(*ComponentStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	component := s.status[name]
	change(&component)
	s.status[name] = component
	if err := writeJSON(filepath.Join(State, "status.json"), s.status); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// succeeds asks once. Certificates are not verified: the question is whether
// our own program on our own address is up, and nothing secret is sent.
func (p Probe) succeeds(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	switch {
	case p.Socket != "":
		connection, err := (&net.Dialer{}).DialContext(ctx, "unix", p.Socket)
		if err != nil {
			return false
		}
		_ = connection.Close()
		return true
	case p.URL != "":
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, nil)
		if err != nil {
			return false
		}
		transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // only whether it answers
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	return true
}

func pause(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "killed by signal " + status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}
