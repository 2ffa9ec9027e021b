// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// client speaks the JSON API as an app would, and keeps the tokens it was given.
type client struct {
	base   string
	http   *http.Client
	tokens tokens
}

type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

type profile struct {
	Email string `json:"email"`
	Role  string `json:"role"`
}

// problem is an answer that is not a success (RFC 9457).
type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
}

func (p problem) Error() string { return fmt.Sprintf("%d %s", p.Status, p.Code) }

func (c *client) login(ctx context.Context, email, password string) error {
	return c.call(ctx, http.MethodPost, "/api/auth/login",
		map[string]string{"email": email, "password": password}, &c.tokens)
}

// refresh trades the refresh token for the next pair.
func (c *client) refresh(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/auth/refresh",
		map[string]string{"refresh_token": c.tokens.RefreshToken}, &c.tokens)
}

func (c *client) logout(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/api/auth/logout",
		map[string]string{"refresh_token": c.tokens.RefreshToken}, nil)
}

func (c *client) profile(ctx context.Context) (profile, error) {
	var p profile
	err := c.call(ctx, http.MethodGet, "/api/user/profile", nil, &p)
	return p, err
}

func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.tokens.AccessToken != "" {
		req.Header.Set("Authorization", "Bearer "+c.tokens.AccessToken)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		p := problem{Status: res.StatusCode}
		_ = json.Unmarshal(answer, &p)
		return p
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
