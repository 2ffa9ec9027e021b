// SPDX-License-Identifier: Apache-2.0

package request

import "net/http"

// HeldBack is the method and the URL of a request that a gateway holds back while it asks,
// as it tells of them in the headers X-Forwarded-Method, -Proto, -Host and -Uri; false where
// one of these is not there, or stands twice.
//
// There is one family of headers: a gateway that sets one would pass on another as its
// visitor has sent it.
func HeldBack(r *http.Request) (method, url string, told bool) {
	said := [4]string{}
	for i, name := range []string{"X-Forwarded-Method", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri"} {
		values := r.Header.Values(name)
		if len(values) != 1 || values[0] == "" {
			return "", "", false
		}
		said[i] = values[0]
	}
	return said[0], said[1] + "://" + said[2] + said[3], true
}
