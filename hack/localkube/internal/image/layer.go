// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"
)

// epoch is the time stamp of every file in a layer, so that equal contents
// have equal digests whenever and wherever they are built.
var epoch = time.Unix(0, 0).UTC()

// entry is a file or folder that we add to a layer ourselves.
type entry struct {
	name string // absolute
	mode int64
	uid  int // the group has the same number

	folder bool
	text   string // the content, unless source is set
	source string // path of the file to copy
}

// layer writes a tar file.
type layer struct {
	tar   *tar.Writer
	known map[string]bool // what the layer holds already; the first of a name wins
}

func newLayer(out io.Writer) *layer {
	return &layer{tar: tar.NewWriter(out), known: map[string]bool{"/": true}}
}

func (l *layer) close() error { return l.tar.Close() }

// add appends entries, and the folders above them as needed.
func (l *layer) add(entries ...entry) error {
	for _, e := range entries {
		if err := l.parents(path.Dir(e.name)); err != nil {
			return err
		}
		if err := l.addOne(e); err != nil {
			return fmt.Errorf("add %s to layer: %w", e.name, err)
		}
	}
	return nil
}

func (l *layer) parents(folder string) error {
	if l.known[folder] {
		return nil
	}
	if err := l.parents(path.Dir(folder)); err != nil {
		return err
	}
	return l.addOne(entry{name: folder, mode: 0o755, folder: true})
}

func (l *layer) addOne(e entry) error {
	header := &tar.Header{
		Name: e.name[1:], Mode: e.mode, Uid: e.uid, Gid: e.uid, ModTime: epoch,
		Typeflag: tar.TypeReg, Size: int64(len(e.text)), Format: tar.FormatPAX,
	}
	l.known[e.name] = true
	if e.folder {
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
		return l.tar.WriteHeader(header)
	}
	if e.source == "" {
		if err := l.tar.WriteHeader(header); err != nil {
			return err
		}
		_, err := io.WriteString(l.tar, e.text)
		return err
	}
	file, err := os.Open(e.source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := l.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(l.tar, file)
	return err
}

// copyFrom appends those members of another tar file whose absolute name keep
// accepts, with everything removed that differs from build to build.
func (l *layer) copyFrom(in io.Reader, keep func(name string) bool) error {
	members := tar.NewReader(in)
	for {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read root file system: %w", err)
		}
		name := path.Join("/", header.Name) //nolint:gosec // copied, not extracted
		if !keep(name) || l.known[name] {
			continue
		}
		l.known[name] = true
		plain := &tar.Header{
			Typeflag: header.Typeflag, Name: header.Name, Linkname: header.Linkname, Size: header.Size,
			Mode: header.Mode, Uid: header.Uid, Gid: header.Gid, ModTime: epoch, Format: tar.FormatPAX,
		}
		if err := l.tar.WriteHeader(plain); err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		if _, err := io.Copy(l.tar, members); err != nil { //nolint:gosec // a root file system of Debian, not a stranger's
			return fmt.Errorf("copy %s: %w", name, err)
		}
	}
}
