// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestTagDependsOnContentOnly(t *testing.T) {
	t.Parallel()
	tagOf := func(text string) string {
		archive, err := write(filepath.Join(t.TempDir(), "x.tar"), Repository, untagged, v1.Config{User: "1"}, func(l *layer) error {
			return l.add(entry{name: "/etc/motd", mode: 0o644, text: text})
		})
		if err != nil {
			t.Fatal(err)
		}
		return archive.Reference
	}
	if once, again := tagOf("a"), tagOf("a"); once != again {
		t.Error("the same content has two names")
	}
	if tagOf("a") == tagOf("b") {
		t.Error("two contents share a name")
	}
}

func TestCopyKeepsWhatIsWantedAndNothingThatVaries(t *testing.T) {
	t.Parallel()
	var source bytes.Buffer
	packed := tar.NewWriter(&source)
	for _, name := range []string{"./usr/bin/redis-server", "./usr/share/doc/redis/README", "./etc/passwd", "./dev/null"} {
		header := &tar.Header{Name: name, Mode: 0o755, Size: 1, ModTime: time.Unix(1e9, 0), Uname: "builder"}
		if err := errors.Join(packed.WriteHeader(header), second(packed.Write([]byte("x")))); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer
	l := newLayer(&out)
	l.known["/etc/passwd"] = true // ours wins
	if err := errors.Join(l.copyFrom(&source, keep), l.close()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for members := tar.NewReader(&out); ; {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if !header.ModTime.Equal(epoch) || header.Uname != "" {
			t.Errorf("%s carries the time %s and the user %q of its build", header.Name, header.ModTime, header.Uname)
		}
	}
	if want := []string{"./usr/bin/redis-server"}; !slices.Equal(names, want) {
		t.Errorf("the layer holds %q, want %q", names, want)
	}
}

func second(_ int, err error) error { return err }
