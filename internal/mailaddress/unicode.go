// SPDX-License-Identifier: Apache-2.0

package mailaddress

import "golang.org/x/net/idna"

// Unicode is the address as people write it, with the domain in U-labels where it has
// such (RFC 5890, section 2.3.2.1). It is for people to find and to read; nothing is
// compared with it.
func (a Address) Unicode() string {
	domain := a.Domain()
	readable, err := idna.ToUnicode(domain)
	if err != nil {
		return string(a)
	}
	return string(a[:len(a)-len(domain)]) + readable
}
