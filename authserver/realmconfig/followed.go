// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxProblem bounds what is said of one problem, in bytes.
const maxProblem = 300

// followed is what is known of a file that is read again and again, whose last good
// document stays in force.
type followed struct {
	// revision is of the document in force, content of the file that was looked at last.
	revision, content string
	// problem says why a newer document is not in force.
	problem string
}

// look reads the file anew. The data is nil where it says nothing new: when it is not
// there, cannot be read, or is what it was.
func (f followed) look(name string) ([]byte, followed) {
	data, err := readBounded(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, followed{revision: f.revision}
	}
	if err != nil {
		return nil, followed{revision: f.revision, problem: "cannot be read: " + reasonOf(err)}
	}
	content := Revision(data)
	if content == f.content {
		return nil, f
	}
	return data, followed{revision: f.revision, content: content}
}

// inForce is f once its content is the document in force.
func (f followed) inForce() followed { return followed{revision: f.content, content: f.content} }

func readBounded(name string) ([]byte, error) {
	file, err := os.Open(name) //nolint:gosec // what is mounted
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, MaxClientDocument+1))
	if err == nil && len(data) > MaxClientDocument {
		err = fmt.Errorf("it is larger than %d bytes", MaxClientDocument)
	}
	return data, err
}

// reasonOf is an error without the name of the file.
func reasonOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// bounded is an error's text on one line, of maxProblem bytes at most.
func bounded(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) > maxProblem {
		text = strings.ToValidUTF8(text[:maxProblem], "") + "…"
	}
	return text
}
