// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

var update = flag.Bool("update", false, "write what commands print into docs/api.md, docs/openid.md, docs/device.md and docs/mailed-codes.md instead of comparing with them")

// TestAPIDocument runs every command of docs/api.md, in order, in one shell
// against one server, and compares what each prints with what the document says.
func TestAPIDocument(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Browser.AllowedOrigins = []string{"https://app.example.com"}
	runDocument(t, "../docs/api.md", newShell(t, r))
}

// TestOpenIDDocument does the same for docs/openid.md.
func TestOpenIDDocument(t *testing.T) {
	t.Parallel()
	orders := newOAuthClient("orders")
	reports := newOAuthClient("reports", withAudiences(orders.ID))
	r := newRealmWithClients(t, orders, reports)
	runDocument(t, "../docs/openid.md", newShell(t, r, "ORDERS_SECRET="+orders.secret, "REPORTS_SECRET="+reports.secret))
}

// TestDeviceDocument does the same for docs/device.md.
func TestDeviceDocument(t *testing.T) {
	t.Parallel()
	tv := newOAuthClient("tv", public(""), func(c *oauthClient) {
		c.ID, c.Scopes, c.RedirectURIs = "living.tv", []string{"openid", "email"}, nil
		c.GrantTypes = []realmconfig.GrantType{realmconfig.DeviceCodeGrant, realmconfig.RefreshTokenGrant}
	})
	runDocument(t, "../docs/device.md", newShell(t, newRealmWithClients(t, tv)))
}

// TestMailedCodesDocument does the same for docs/mailed-codes.md.
func TestMailedCodesDocument(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.MailCode = realmconfig.MailCodeOn
	runDocument(t, "../docs/mailed-codes.md", newShell(t, r))
}

func runDocument(t *testing.T, path string, in *shell) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	document := strings.Split(string(source), "\n")
	commands := commandsOf(document)
	printed := in.run(commands)
	for i, c := range commands {
		documented := strings.Join(document[c.outputFrom:c.outputTo], "\n")
		if !*update && generalise(printed[i]) != generalise(documented) {
			t.Errorf("%s, line %d: %s\nprints\n%s\nwhere the document has\n%s",
				path, c.outputFrom, c.text, generalise(printed[i]), generalise(documented))
		}
	}
	if *update {
		if err := os.WriteFile(path, rewrite(document, commands, printed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// command is one "$ …" of a console block, with the lines of its output.
type command struct {
	text                 string
	outputFrom, outputTo int
}

func commandsOf(document []string) []command {
	commands := []command{}
	console := false
	for i, line := range document {
		switch {
		case strings.HasPrefix(line, "```"):
			console = line == "```console"
		case !console:
		case strings.HasPrefix(line, "$ "):
			commands = append(commands, command{line[2:], i + 1, i + 1})
		case strings.HasPrefix(line, "> ") && commands[len(commands)-1].outputTo == i:
			last := &commands[len(commands)-1]
			last.text += "\n" + line[2:]
			last.outputFrom, last.outputTo = i+1, i+1
		default:
			commands[len(commands)-1].outputTo = i + 1
		}
	}
	return commands
}

// rewrite puts what was printed into the document, last command first so that
// line numbers stay right.
func rewrite(document []string, commands []command, printed []string) []byte {
	for i := len(commands) - 1; i >= 0; i-- {
		c := commands[i]
		output := []string{}
		if printed[i] != "" {
			output = strings.Split(shorten(printed[i]), "\n")
		}
		document = append(append(append([]string{}, document[:c.outputFrom]...), output...), document[c.outputTo:]...)
	}
	return []byte(strings.Join(document, "\n"))
}

// volatile is what differs from run to run; shown is how much of it a reader
// needs to see.
var volatile = []struct {
	pattern *regexp.Regexp
	shown   int
}{
	{regexp.MustCompile(`eyJ[\w.…-]+`), 20},
	{regexp.MustCompile(`\brk[a-z]+_[\w…-]+`), 12},
	{regexp.MustCompile(`data:image/png;base64,[\w+/=…]+`), 34},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), 0},
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), 0},
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?\b`), 0},
	{regexp.MustCompile(`\b\d{10}\b`), 0},
	{regexp.MustCompile(`\b[A-Z2-7]{20,}\b`), 0},
	{regexp.MustCompile(`"(kid|x|y)": "[\w-]{43}"`), 0},
	{regexp.MustCompile(`\b[B-Z]{4}-[B-Z]{4}\b`), 0},
	{regexp.MustCompile(`"[a-z0-9]{4,5}-[a-z0-9]{4,5}(-[a-z0-9]{4,5})*"`), 0},
	{regexp.MustCompile(`curl/\d+\.\d+\.\d+`), 0},
}

// generalise makes two runs comparable.
func generalise(output string) string {
	for i, v := range volatile {
		output = v.pattern.ReplaceAllString(output, fmt.Sprintf("<%d>", i))
	}
	return strings.TrimSpace(output)
}

// shorten cuts what is long and says nothing.
func shorten(output string) string {
	for _, v := range volatile {
		if v.shown > 0 {
			output = v.pattern.ReplaceAllStringFunc(output, func(s string) string {
				if len(s) <= v.shown {
					return s
				}
				return s[:v.shown] + "…"
			})
		}
	}
	return output
}

// shell is a realm, a mailbox and the commands that reach them under the names
// that the document uses.
type shell struct {
	t   *testing.T
	env []string
}

func newShell(t *testing.T, r *realm, also ...string) *shell {
	t.Helper()
	mails := r.sendsMail()
	s := r.serve()
	home := t.TempDir()
	curlrc := fmt.Sprintf("silent\ncacert = %q\nconnect-to = \"%s:443:%s\"\n",
		filepath.Join(r.Dir, realmconfig.CertificateFile), issuerHost, s.API)
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte(curlrc), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), also...)
	return &shell{t, append(env, "HOME="+home, "CURL_HOME="+home, "MAILBOX="+serveMails(t, mails), "LC_ALL=C.UTF-8", "TZ=UTC")}
}

// serveMails answers with the text of the next mail of an address, and waits for it.
func serveMails(t *testing.T, smtp *testenv.SMTP) string {
	t.Helper()
	read := map[string]int{}
	mailbox := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := strings.TrimPrefix(r.URL.Path, "/")
		read[address]++
		_, _ = fmt.Fprint(w, smtp.Await(t, address, read[address]).Text)
	}))
	t.Cleanup(mailbox.Close)
	return mailbox.URL
}

const separator = "\x1e"

// run returns what each command prints.
func (s *shell) run(commands []command) []string {
	s.t.Helper()
	script := &strings.Builder{}
	script.WriteString("next-mail() { command curl -q -s \"$MAILBOX/$1\"; }\n")
	for _, c := range commands {
		fmt.Fprintf(script, "printf '%s'\n%s\n", separator, c.text)
	}
	bash := exec.CommandContext(s.t.Context(), "bash", "-euo", "pipefail", "-s")
	bash.Env, bash.Dir, bash.Stdin = s.env, s.t.TempDir(), strings.NewReader(script.String())
	bash.Cancel = func() error { return bash.Process.Signal(os.Interrupt) }
	output := &bytes.Buffer{}
	bash.Stdout, bash.Stderr = output, output
	if err := bash.Run(); err != nil && s.t.Context().Err() == nil {
		s.t.Fatalf("commands of the document: %v\n%s", err, output)
	}
	printed := strings.Split(output.String(), separator)[1:]
	for i := range printed {
		printed[i] = strings.TrimRight(printed[i], "\n")
	}
	if len(printed) != len(commands) {
		s.t.Fatalf("%d of %d commands ran", len(printed), len(commands))
	}
	return printed
}
