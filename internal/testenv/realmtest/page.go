// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
)

var formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)

// FormAction is where the first form of a page sends what is filled in, when the
// page stands at an address.
func FormAction(address, page string) (string, error) {
	action := formAction.FindStringSubmatch(page)
	if action == nil {
		return "", fmt.Errorf("no form at %s:\n%s", address, page)
	}
	base, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	to, err := base.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return "", err
	}
	return to.String(), nil
}
