// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const callback = "https://login.example.com/api/auth/oauth/callback"

func TestWhatTokenEndpointsMean(t *testing.T) {
	t.Parallel()
	const yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	for name, c := range map[string]struct {
		kind   realmconfig.ProviderType
		status int
		body   string
		want   metav1.ConditionStatus
		reason string
		says   string
	}{
		"the code is bad":                   {realmconfig.OIDC, 400, `{"error": "invalid_grant"}`, yes, v1alpha1.ReasonProven, callback},
		"the client is bad":                 {realmconfig.OIDC, 401, `{"error": "invalid_client"}`, no, v1alpha1.ReasonInvalidClient, "clientID"},
		"the client is bad, with 400":       {realmconfig.OIDC, 400, `{"error": "invalid_client"}`, no, v1alpha1.ReasonInvalidClient, ""},
		"401 and nothing more":              {realmconfig.OAuth2, 401, `<html>`, no, v1alpha1.ReasonInvalidClient, ""},
		"a client for other grants":         {realmconfig.OIDC, 400, `{"error": "unauthorized_client"}`, no, v1alpha1.ReasonUnauthorizedClient, "allow it that grant"},
		"a request that is minded":          {realmconfig.OIDC, 400, `{"error": "invalid_request"}`, unknown, v1alpha1.ReasonUnproven, "answers 400 invalid_request,"},
		"an error of its own":               {realmconfig.OAuth2, 400, `{"error": {"type": "OAuthException", "code": 100}}`, unknown, v1alpha1.ReasonUnproven, "answers 400,"},
		"an error that is a value":          {realmconfig.OAuth2, 400, `{"error": "hunter_two"}`, unknown, v1alpha1.ReasonUnproven, "answers 400,"},
		"a token for nobody's code":         {realmconfig.OAuth2, 200, `{"access_token": "x"}`, unknown, v1alpha1.ReasonUnproven, "answers 200,"},
		"no token endpoint":                 {realmconfig.OAuth2, 404, ``, unknown, v1alpha1.ReasonUnproven, "answers 404,"},
		"the callback is not known":         {realmconfig.Google, 400, `{"error": "redirect_uri_mismatch"}`, no, v1alpha1.ReasonCallbackRefused, "register " + callback},
		"GitHub: the code is bad":           {realmconfig.GitHub, 200, `{"error": "bad_verification_code"}`, yes, v1alpha1.ReasonProven, ""},
		"GitHub: the client is bad":         {realmconfig.GitHub, 200, `{"error": "incorrect_client_credentials"}`, no, v1alpha1.ReasonInvalidClient, ""},
		"GitHub: the callback is not known": {realmconfig.GitHub, 200, `{"error": "redirect_uri_mismatch"}`, no, v1alpha1.ReasonCallbackRefused, callback},
		"Google: the code is malformed":     {realmconfig.Google, 400, `{"error": "invalid_grant", "error_description": "Malformed auth code."}`, yes, v1alpha1.ReasonProven, ""},
		"Google: the client is deleted":     {realmconfig.Google, 401, `{"error": "deleted_client"}`, no, v1alpha1.ReasonInvalidClient, ""},
		"Microsoft: the secret is wrong":    {realmconfig.Microsoft, 401, `{"error": "invalid_client", "error_codes": [7000215]}`, no, v1alpha1.ReasonInvalidClient, ""},
		"Microsoft: the secret has expired": {realmconfig.Microsoft, 401, `{"error": "invalid_client", "error_codes": [7000222]}`, no, v1alpha1.ReasonInvalidClient, "has expired"},
		"Microsoft: no such application":    {realmconfig.Microsoft, 400, `{"error": "unauthorized_client", "error_codes": [700016]}`, no, v1alpha1.ReasonInvalidClient, "no application"},
		"Microsoft: the callback differs":   {realmconfig.Microsoft, 400, `{"error": "invalid_client", "error_codes": [50011]}`, no, v1alpha1.ReasonCallbackRefused, callback},
		"Microsoft: the code is bad":        {realmconfig.Microsoft, 400, `{"error": "invalid_grant", "error_codes": [70000]}`, yes, v1alpha1.ReasonProven, ""},
		"Microsoft: only the code was read": {realmconfig.Microsoft, 400, `{"error": "invalid_grant", "error_codes": [9002313]}`, unknown, v1alpha1.ReasonUnproven, "looked at the code first"},
		"Microsoft's codes from elsewhere":  {realmconfig.OIDC, 400, `{"error": "invalid_grant", "error_codes": [9002313]}`, yes, v1alpha1.ReasonProven, ""},
		"codes that are no numbers":         {realmconfig.OIDC, 400, `{"error": "invalid_grant", "error_codes": "x"}`, unknown, v1alpha1.ReasonUnproven, "answers 400,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := judge(c.kind, c.status, []byte(c.body), callback)
			if got.Status != c.want || got.Reason != c.reason || !strings.Contains(got.Message, c.says) {
				t.Errorf("found %+v", got)
			}
		})
	}
}

func FuzzJudge(f *testing.F) {
	f.Add(400, []byte(`{"error": "hunter2-is-the-secret", "error_codes": [50011]}`))
	f.Add(401, []byte(`[`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got := judge(realmconfig.Microsoft, status, body, callback)
		if got.Reason == "" || got.Message == "" || len(got.Message) > 512 || strings.Contains(got.Message, "hunter2") {
			t.Errorf("%d %q is found to be %+v", status, body, got)
		}
	})
}
