// SPDX-License-Identifier: Apache-2.0

// Package image builds container images without Docker: each is one layer,
// written as a tar file, in an archive that every container runtime imports.
package image

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Archive is an image in a file.
type Archive struct {
	Reference string // such as localhost/realmkeeper/redis:7
	Path      string
}

// untagged makes write use the image's own digest as its tag, so that
// different contents never share a name.
const untagged = ""

// write makes the archive at path from the layer that fill writes.
func write(path, repository, tag string, config v1.Config, fill func(*layer) error) (Archive, error) {
	scratch, err := os.MkdirTemp(filepath.Dir(path), ".image-")
	if err != nil {
		return Archive{}, fmt.Errorf("create folder for image: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	content := filepath.Join(scratch, "layer.tar")
	if err := writeLayer(content, fill); err != nil {
		return Archive{}, err
	}
	img, err := assemble(content, config)
	if err != nil {
		return Archive{}, err
	}
	if tag == untagged {
		digest, err := img.ConfigName()
		if err != nil {
			return Archive{}, fmt.Errorf("compute digest: %w", err)
		}
		tag = digest.Hex[:12]
	}
	reference, err := name.NewTag(repository + ":" + tag)
	if err != nil {
		return Archive{}, fmt.Errorf("name image: %w", err)
	}
	finished := filepath.Join(scratch, "image.tar")
	if err := tarball.WriteToFile(finished, reference, img); err != nil {
		return Archive{}, fmt.Errorf("write image: %w", err)
	}
	if err := os.Rename(finished, path); err != nil {
		return Archive{}, fmt.Errorf("publish image: %w", err)
	}
	return Archive{repository + ":" + tag, path}, nil
}

func writeLayer(path string, fill func(*layer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("create layer: %w", err)
	}
	l := newLayer(file)
	return errors.Join(fill(l), l.close(), file.Close())
}

func assemble(content string, config v1.Config) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return os.Open(content) }, tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("read layer: %w", err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("append layer: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read image configuration: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, config
	img, err = mutate.ConfigFile(img, file)
	if err != nil {
		return nil, fmt.Errorf("set image configuration: %w", err)
	}
	return img, nil
}
