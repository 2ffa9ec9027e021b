// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestUserAgentsAreStoredShort(t *testing.T) {
	t.Parallel()
	for whole, short := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                                  "~Windows Chrome/131~s",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":                    "~Windows Chrome/131~Edg/131.0.0.0",
		"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0":                                                                           "~Linux rv:132.0~Firefox/132.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                            "~Mac OS X Version/18.1~Safari/",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1":          "~iPhone OS 18_1~Version/18.1~Mobile Safari/",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.31 Mobile/15E148 Safari/604.1":   "~iPhone OS 18_1~CriOS/131.0.6778.31~Mobile Safari/",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36":                                  "~Android Chrome/131~m",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36":              "~Android SamsungBrowser/26.0 Chrome/122~m",
		"Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0":                                                                             "~Android; 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36 Shop/2": "~Linux; Android 14; Pixel 8~wv Chrome/131.0.6778.39 Mobile Safari/537.36 Shop/2",
		"curl/8.5.0": "curl/8.5.0",
		"":           "",
		"~Windows":   "~~~Windows",
		"a~s":        "a~s",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) ~s": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ~s",
	} {
		if got := shortAgent(whole); got != short {
			t.Errorf("%q is stored as %q, want %q", whole, got, short)
		}
		if got := wholeAgents()(short); got != whole {
			t.Errorf("%q is read as %q, want %q", short, got, whole)
		}
		if is, was := (auth.Client{UserAgent: short}).Name(), (auth.Client{UserAgent: whole}).Name(); strings.HasPrefix(whole, "Mozilla") && is != was {
			t.Errorf("a pod of the release before calls %q %q, want %q", short, is, was)
		}
	}
}

// What is read must not depend on what happens to stand behind a fragment.
func TestNoFragmentOfAUserAgentBeginsWithAnother(t *testing.T) {
	t.Parallel()
	all := agentFragments()
	for i, one := range all {
		if !strings.HasPrefix(one[1], agentMark) || strings.Count(one[1], agentMark) != 1 || strings.Contains(one[0], agentMark) {
			t.Errorf("%q is stored as %q", one[0], one[1])
		}
		for j, other := range all {
			if i != j && strings.HasPrefix(other[1], one[1]) {
				t.Errorf("%q begins with %q", other[1], one[1])
			}
			if i < j && strings.HasPrefix(other[0], one[0]) {
				t.Errorf("%q is never found: %q comes before it", other[0], one[0])
			}
		}
	}
}

func FuzzUserAgent(f *testing.F) {
	for _, fragment := range agentFragments() {
		f.Add(fragment[0] + "131" + fragment[0])
		f.Add(fragment[1])
	}
	f.Add("~~")
	f.Fuzz(func(t *testing.T, whole string) {
		if got := wholeAgents()(shortAgent(whole)); got != whole {
			t.Errorf("%q is read as %q", whole, got)
		}
	})
}
