// SPDX-License-Identifier: Apache-2.0

package userimport

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

const (
	// maxLine is the longest line that is read, in bytes.
	maxLine = 16 << 10

	maxName, maxRole = 200, 32 // bytes
)

// lines reads lines and counts them. Empty ones do not matter.
type lines struct {
	reader *bufio.Reader
	number int
}

func newLines(in io.Reader) *lines { return &lines{reader: bufio.NewReaderSize(in, maxLine)} }

// errUTF16 refuses a file of which every line would be refused.
var errUTF16 = errors.New("the file is UTF-16 and must be UTF-8: iconv -f UTF-16 -t UTF-8")

// byteOrderMark is what some programs begin a file with. It is in the middle where
// such files were put together.
const byteOrderMark = "\ufeff"

// next is valid until it is called again. A line that is too long is nil. The
// error is errUTF16, or io.EOF after the last line.
func (l *lines) next() ([]byte, error) {
	if start, _ := l.reader.Peek(len("{}")); l.number == 0 && isUTF16(start) {
		return nil, errUTF16
	}
	for {
		line, err := l.reader.ReadSlice('\n')
		l.number++
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.reader.ReadSlice('\n')
		}
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("read line %d: %w", l.number, err)
		case tooLong:
			return nil, nil
		case len(bytes.TrimSpace(withoutMark(line))) > 0:
			return withoutMark(line), nil
		case err != nil:
			return nil, err
		}
	}
}

func withoutMark(line []byte) []byte { return bytes.TrimPrefix(line, []byte(byteOrderMark)) }

// isUTF16 looks for the mark of either order, or for half of an ASCII character.
func isUTF16(start []byte) bool {
	return slices.Contains([]string{"\xff\xfe", "\xfe\xff"}, string(start)) || bytes.IndexByte(start, 0) >= 0
}

// record is what a line may say.
type record struct {
	Email         string `json:"email"`
	PasswordHash  string `json:"password_hash"`
	Name          string `json:"name"`
	Locale        string `json:"locale"`
	Role          string `json:"role"`
	EmailVerified bool   `json:"email_verified"`
}

const fields = "email, password_hash, name, locale, role and email_verified"

// parse reads one line. The problems quote nothing of it. A verified address is
// verified now.
func parse(line []byte, adopt func(string) (string, error), now time.Time) (auth.User, []auth.FieldProblem) {
	whole := func(detail string) (auth.User, []auth.FieldProblem) {
		return auth.User{}, []auth.FieldProblem{{Detail: detail}}
	}
	switch {
	case line == nil:
		return whole(fmt.Sprintf("the line is longer than %d bytes", maxLine))
	case !utf8.Valid(line):
		return whole("the line is not UTF-8: write the file in UTF-8")
	}
	r := record{}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return whole(describe(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return whole("the line is more than one JSON object")
	}
	return r.user(adopt, now)
}

func (r record) user(adopt func(string) (string, error), now time.Time) (auth.User, []auth.FieldProblem) {
	problems := []auth.FieldProblem{}
	check := func(ok bool, field, detail string, args ...any) {
		if !ok {
			problems = append(problems, auth.FieldProblem{Field: field, Detail: fmt.Sprintf(detail, args...)})
		}
	}
	email, err := mailaddress.Parse(r.Email)
	check(err == nil, "email", "%v", err)
	hash, err := adopt(r.PasswordHash)
	check(err == nil, "password_hash", "is no hash that can be checked: %v", err)
	for _, f := range []struct {
		name, value string
		longest     int
	}{{"name", r.Name, maxName}, {"locale", r.Locale, auth.MaxLocaleLength}, {"role", r.Role, maxRole}} {
		check(len(f.value) <= f.longest, f.name, "must be at most %d bytes", f.longest)
	}
	check(auth.PlausibleName(r.Name), "name", "must not contain control characters")
	check(r.Locale == "" || auth.PlausibleLocale(r.Locale), "locale", auth.LocaleFault)
	check(r.Role == "" || auth.PlausibleRole(r.Role), "role", "must be letters, digits, hyphens and underscores")
	if len(problems) > 0 {
		return auth.User{}, problems
	}
	u := auth.User{
		Email: string(email), PasswordHash: hash,
		Name: r.Name, Locale: auth.NormalizeLocale(r.Locale), Role: r.Role,
	}
	if u.Role == "" {
		u.Role = auth.UserRole
	}
	if r.EmailVerified {
		u.EmailVerifiedAt = &now
	}
	return u, nil
}

// describe says what encoding/json does about place and shape, without what it
// quotes of the line.
func describe(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("the line is not JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return "the line is not a JSON object: write one on each line, as jq -c '.[]' does of a list"
	case errors.As(err, &kind):
		return fmt.Sprintf("%s must be a %s", kind.Field, kind.Type)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the line is not complete JSON: write each object on one line, as jq -c does"
	default:
		return "there are other fields than " + fields
	}
}

func repeated(first int) []auth.FieldProblem {
	return []auth.FieldProblem{{Field: "email", Detail: fmt.Sprintf("stands in line %d already", first)}}
}
