// SPDX-License-Identifier: Apache-2.0

package postgres

import "strings"

// agentMark begins what stands for a fragment of a User-Agent.
const agentMark = "~"

// agentFragments are what browsers say of themselves, and what is stored for it: the words
// by which auth.Client.Name, people with psql and pods of the release before know them.
// None of the latter begins with another one. The list only ever grows: rows that
// were written with it stay. Where two fragments begin alike, the longer one comes first.
func agentFragments() [][2]string {
	const webkit, safari = ") AppleWebKit/537.36 (KHTML, like Gecko) ", ") AppleWebKit/605.1.15 (KHTML, like Gecko) "
	return [][2]string{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64" + webkit + "Chrome/", "~Windows Chrome/"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:", "~Windows rv:"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7" + webkit + "Chrome/", "~Mac OS X Chrome/"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7" + safari + "Version/", "~Mac OS X Version/"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:", "~Mac OS X rv:"},
		{"Mozilla/5.0 (X11; Linux x86_64" + webkit + "Chrome/", "~Linux Chrome/"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:", "~Linux rv:"},
		{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:", "~Ubuntu Linux rv:"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0" + webkit + "Chrome/", "~CrOS Chrome/"},
		{"Mozilla/5.0 (Linux; Android 10; K" + webkit + "Chrome/", "~Android Chrome/"},
		{"Mozilla/5.0 (Linux; Android 10; K" + webkit + "SamsungBrowser/", "~Android SamsungBrowser/"},
		{"Mozilla/5.0 (Android ", "~Android; "},
		{"Mozilla/5.0 (Linux; Android ", "~Linux; Android "},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS ", "~iPhone OS "},
		{"Mozilla/5.0 (iPad; CPU OS ", "~iPad OS "},
		{"Mozilla/5.0 (", "~("},
		{" like Mac OS X" + safari + "Version/", "~Version/"},
		{" like Mac OS X" + safari + "CriOS/", "~CriOS/"},
		{" like Mac OS X" + safari + "FxiOS/", "~FxiOS/"},
		{"; wv" + webkit + "Version/4.0 Chrome/", "~wv Chrome/"},
		{webkit + "Chrome/", "~) Chrome/"},
		{") Gecko/20100101 Firefox/", "~Firefox/"},
		{".0.0.0 Safari/537.36 Edg/", "~Edg/"},
		{".0.0.0 Safari/537.36 OPR/", "~OPR/"},
		{".0.0.0 Mobile Safari/537.36", "~m"},
		{".0.0.0 Safari/537.36", "~s"},
		{" Mobile/15E148 Safari/604.1", "~Mobile Safari/"},
		{" Safari/605.1.15", "~Safari/"},
	}
}

// shortAgent is a User-Agent as it is stored: a fifth as long if it is a browser's.
func shortAgent(whole string) string {
	if strings.Contains(whole, agentMark) {
		if strings.HasPrefix(whole, agentMark) {
			return agentMark + agentMark + whole
		}
		return whole
	}
	if short := agentReplacer(0, 1).Replace(whole); strings.HasPrefix(short, agentMark) {
		return short
	}
	return whole
}

// wholeAgents returns what makes of any number of stored User-Agents what they were. One
// that a release before has stored is whole already.
func wholeAgents() func(short string) string {
	fragments := agentReplacer(1, 0)
	return func(short string) string {
		if !strings.HasPrefix(short, agentMark) {
			return short
		}
		if whole, escaped := strings.CutPrefix(short, agentMark+agentMark); escaped {
			return whole
		}
		return fragments.Replace(short)
	}
}

func agentReplacer(from, to int) *strings.Replacer {
	pairs := []string{}
	for _, f := range agentFragments() {
		pairs = append(pairs, f[from], f[to])
	}
	return strings.NewReplacer(pairs...)
}
