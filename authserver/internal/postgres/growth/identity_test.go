// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"crypto/md5" //nolint:gosec // as the fill makes ids
	"encoding/hex"
	"fmt"
)

// userID is userID in Go, for loads that must not ask the database first.
func (f filler) userID(n int) string {
	const threeYears = 3 * 365 * day
	ms := f.now.UnixMilli() - threeYears + threeYears*int64(n)/int64(f.size.users)
	sum := md5.Sum(fmt.Append(nil, "user", n)) //nolint:gosec // as above
	text := []byte(fmt.Sprintf("0%x", ms) + hex.EncodeToString(sum[:])[:20])
	text[12], text[16] = '7', '8'
	return fmt.Sprintf("%s-%s-%s-%s-%s", text[:8], text[8:12], text[12:16], text[16:20], text[20:])
}
