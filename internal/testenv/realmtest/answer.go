// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// Problem is an answer that is not a success (RFC 9457).
type Problem struct {
	Type, Title, Detail, Code, Reason, RequestID string
	Status                                       int
	Errors                                       []struct{ Field, Detail string }
}

func (p Problem) Error() string { return fmt.Sprintf("%d %s", p.Status, p.Code) }

// Answer is a response, read to its end.
type Answer struct {
	Status  int
	Header  http.Header
	Body    string
	Problem Problem
}

// ReadAnswer reads a response and closes its body.
func ReadAnswer(response *http.Response) (Answer, error) {
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	a := Answer{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	if response.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal(body, &a.Problem); err != nil {
			return Answer{}, fmt.Errorf("problem is not JSON: %w", err)
		}
	}
	return a, nil
}

// RetryAfter is in seconds; 0 when the answer does not say.
func (a Answer) RetryAfter() int {
	n, _ := strconv.Atoi(a.Header.Get("Retry-After"))
	return n
}

// Expect fails the test unless the answer has a status, and the code of a problem
// or none.
func (a Answer) Expect(t testing.TB, status int, code string) {
	t.Helper()
	if a.Status != status || a.Problem.Code != code {
		t.Errorf("answered %d %s, want %d %s", a.Status, a.Body, status, code)
	}
}

// NewRequest has a body in JSON, unless body is nil or is a text, which goes as it
// stands.
func NewRequest(ctx context.Context, method, url string, body any) (*http.Request, error) {
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		document, err := json.Marshal(b)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		reader = bytes.NewReader(document)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

func read(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
