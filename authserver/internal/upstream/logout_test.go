// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// What a client answers ends up in the realm's log in no words of its own: it could give
// back the logout token.
func TestAClientThatAnswersWithTheTokenIsNotQuoted(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	for name, answer := range map[string]string{
		"no status":             secret + "\r\n\r\n",
		"as a status":           "HTTP/1.1 " + secret + "\r\n\r\n",
		"as a header":           "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
		"as a length":           "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"as a way of transfer":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"as a reason to refuse": "HTTP/1.1 500 " + secret + "\r\nContent-Length: 6\r\n\r\n" + secret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = listener.Close() }()
			go func() {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				defer func() { _ = connection.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(connection))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(connection, answer)
			}()
			logouts := NewLogouts(func() realmconfig.Config { return realmconfig.Config{} }, func(bool) *http.Client {
				return &http.Client{Timeout: eventually.Patience}
			})
			err = logouts.Tell(t.Context(), realmconfig.Client{BackchannelLogoutURI: "http://" + listener.Addr().String()}, secret)
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("the error says %v", err)
			}
		})
	}
}
