// SPDX-License-Identifier: Apache-2.0

package userimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const goodHash = "a good hash"

func adopt(hash string) (string, error) {
	if hash != goodHash {
		return "", errors.New("unknown")
	}
	return hash, nil
}

// memory is a Store.
type memory struct {
	users []auth.User
	calls int
	fails error
}

func (m *memory) ImportUsers(_ context.Context, users []auth.User, _ time.Time) (int, error) {
	m.calls++
	if m.fails != nil {
		return 0, m.fails
	}
	m.users = append(m.users, users...)
	return len(users), nil
}

// run imports text and lists what was refused, as "line field: detail".
func run(t *testing.T, m *memory, in io.Reader) (Report, []string, error) {
	t.Helper()
	refused := []string{}
	report, err := Options{
		Store: m, Adopt: adopt, Now: func() time.Time { return time.Unix(1, 0) },
		Refuse: func(line int, p auth.FieldProblem) {
			refused = append(refused, strings.TrimSpace(fmt.Sprintf("%d %s: %s", line, p.Field, p.Detail)))
		},
	}.Run(t.Context(), in)
	return report, refused, err
}

func TestLineSaysAllAboutAUser(t *testing.T) {
	t.Parallel()
	m := &memory{}
	report, refused, err := run(t, m, strings.NewReader(`
		{"email":" Ann@Example.com ","password_hash":"a good hash","name":"Ann","locale":"de-CH","role":"admin","email_verified":true}

		{"email":"bob@example.com","password_hash":"a good hash"}`))
	if err != nil || len(refused) > 0 || report != (Report{Added: 2}) {
		t.Fatalf("%+v, refused %q, %v", report, refused, err)
	}
	ann, bob := m.users[0], m.users[1]
	if ann.Email != "ann@example.com" || ann.Name != "Ann" || ann.Locale != "de-CH" || ann.Role != "admin" || ann.PasswordHash != goodHash {
		t.Errorf("read %+v", ann)
	}
	if ann.EmailVerifiedAt == nil || !ann.EmailVerifiedAt.Equal(time.Unix(1, 0)) || bob.EmailVerifiedAt != nil || bob.Role != "user" {
		t.Errorf("verified %v and %v, role %q", ann.EmailVerifiedAt, bob.EmailVerifiedAt, bob.Role)
	}
}

func TestBadLinesAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ line, refused string }{
		"no JSON":               {`ann@example.com`, "1 : the line is not JSON at byte 1"},
		"half an object":        {`{"email":"ann@example.com"`, "1 : the line is not complete JSON: write each object on one line, as jq -c does"},
		"two objects":           {`{"email":"ann@example.com","password_hash":"a good hash"} {}`, "1 : the line is more than one JSON object"},
		"a list":                {`[]`, "1 : the line is not a JSON object: write one on each line, as jq -c '.[]' does of a list"},
		"another type":          {`{"email":7}`, "1 : email must be a string"},
		"an unknown field":      {`{"mail":"ann@example.com"}`, "1 : there are other fields than " + fields},
		"no UTF-8":              {"{\"email\":\"\xff\"}", "1 : the line is not UTF-8: write the file in UTF-8"},
		"a long line":           {`{"email":"` + strings.Repeat("x", maxLine) + `"}`, "1 : the line is longer than 16384 bytes"},
		"no address":            {`{"password_hash":"a good hash"}`, "1 email: must be an e-mail address"},
		"no hash":               {`{"email":"ann@example.com"}`, "1 password_hash: is no hash that can be checked: unknown"},
		"a password in plain":   {`{"email":"ann@example.com","password_hash":"sesame"}`, "1 password_hash: is no hash that can be checked: unknown"},
		"a long name":           {good(`"name":"` + strings.Repeat("x", 201) + `"`), "1 name: must be at most 200 bytes"},
		"a line break in it":    {good(`"name":"Ann\r\nBcc: bob@example.com"`), "1 name: must not contain control characters"},
		"NUL":                   {good(`"locale":"\u0000"`), "1 locale: must be a language tag such as pt-BR"},
		"a role of two words":   {good(`"role":"super user"`), "1 role: must be letters, digits, hyphens and underscores"},
		"verified, in a string": {good(`"email_verified":"yes"`), "1 : email_verified must be a bool"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, refused, err := run(t, &memory{}, strings.NewReader(c.line))
			if err != nil || !slices.Equal(refused, []string{c.refused}) || report != (Report{Refused: 1}) {
				t.Errorf("%+v, refused %q, %v", report, refused, err)
			}
			if strings.Contains(fmt.Sprint(refused), "sesame") {
				t.Error("the refusal quotes a password")
			}
		})
	}
}

func good(more string) string {
	return `{"email":"ann@example.com","password_hash":"a good hash",` + more + `}`
}

// users are lines for users numbered from first to last.
func users(first, last int) string {
	text := strings.Builder{}
	for i := first; i <= last; i++ {
		fmt.Fprintf(&text, `{"email":"user-%d@example.com","password_hash":"a good hash"}`+"\n", i)
	}
	return text.String()
}

func TestABadLineIsRefusedByItself(t *testing.T) {
	t.Parallel()
	m := &memory{}
	text := users(1, 1500) + "nonsense\n" + users(1501, 2499) + users(7, 7) + users(2500, 3100)
	report, refused, err := run(t, m, strings.NewReader(text))
	want := Report{Added: 3100, Refused: 2}
	if err != nil || report != want || len(m.users) != 3100 || m.calls != 4 {
		t.Errorf("%+v of %d in %d calls, %v; want %+v", report, len(m.users), m.calls, err, want)
	}
	if !slices.Equal(refused, []string{"1501 : the line is not JSON at byte 2", "2501 email: stands in line 7 already"}) {
		t.Errorf("refused %q", refused)
	}
}

// Files as other systems' programs write them.
func TestFilesOfOtherSystems(t *testing.T) {
	t.Parallel()
	line := func(i int) string { return strings.TrimSpace(users(i, i)) }
	const mark = "\ufeff"
	for name, c := range map[string]struct {
		text    string
		report  Report
		refused []string
	}{
		"a byte order mark":              {mark + users(1, 2), Report{Added: 2}, nil},
		"files with marks, put together": {mark + users(1, 1) + mark + users(2, 2), Report{Added: 2}, nil},
		"a mark alone":                   {mark, Report{}, nil},
		"lines of Windows":               {line(1) + "\r\n\r\n" + line(2) + "\r\n", Report{Added: 2}, nil},
		"lines without an end":           {line(1) + "\n" + line(2), Report{Added: 2}, nil},
		"blank lines":                    {"\n \t\n" + line(1) + "\n\n\n", Report{Added: 1}, nil},
		"the same line twice":            {users(1, 1) + users(1, 1), Report{Added: 1, Refused: 1}, []string{"2 email: stands in line 1 already"}},
		"one line that is no UTF-8":      {users(1, 1) + "{\"email\":\"\xff\"}\n" + users(2, 2), Report{Added: 2, Refused: 1}, []string{"2 : the line is not UTF-8: write the file in UTF-8"}},
		"one line that is too long":      {users(1, 1) + strings.Repeat("x", 2*maxLine) + "\n" + users(2, 2), Report{Added: 2, Refused: 1}, []string{"2 : the line is longer than 16384 bytes"}},
		"nothing":                        {"", Report{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, refused, err := run(t, &memory{}, strings.NewReader(c.text))
			if err != nil || report != c.report || !slices.Equal(refused, c.refused) {
				t.Errorf("%+v, refused %q, %v", report, refused, err)
			}
		})
	}
	for name, encode := range map[string]*encoding.Encoder{
		"little-endian": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(),
		"big-endian":    unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder(),
		"without mark":  unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder(),
	} {
		text, err := encode.String(users(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		if _, refused, err := run(t, &memory{}, strings.NewReader(text)); !errors.Is(err, errUTF16) || len(refused) > 0 {
			t.Errorf("UTF-16, %s: refused %q, %v", name, refused, err)
		}
	}
}

func TestImportEndsWhenItCannotGoOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if report, _, err := run(t, &memory{fails: broken}, strings.NewReader(users(1, 1))); !errors.Is(err, broken) || report != (Report{}) {
		t.Errorf("a broken store: %+v, %v", report, err)
	}
	in := io.MultiReader(strings.NewReader(users(1, 1000)), iotest.ErrReader(broken))
	if report, _, err := run(t, &memory{}, in); !errors.Is(err, broken) || report.Added != 1000 {
		t.Errorf("a broken input: %+v, %v", report, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(users(1, 1)))
	f.Add([]byte(good(`"role":"admin","name":"A\u0301nn"`)))
	f.Add([]byte(`{"email":"a@b","EMAIL":null}`))
	f.Add([]byte(`{"password_hash":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		u, problems := parse(line, adopt, time.Unix(1, 0))
		if len(problems) > 0 {
			return
		}
		if !auth.PlausibleEmail(u.Email) || u.Email != auth.NormalizeEmail(u.Email) || u.PasswordHash != goodHash ||
			!auth.PlausibleRole(u.Role) || len(u.Name) > maxName || len(u.Locale) > auth.MaxLocaleLength {
			t.Errorf("%q reads as %+v", line, u)
		}
	})
}
