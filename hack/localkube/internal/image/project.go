// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/realmkeeper/realmkeeper/hack/localkube/internal/golang"
)

// repository holds the images of the local cluster. Nothing serves that
// address, so a runtime that lacks one of them can never get another by mistake.
const repository = "localhost/realmkeeper/"

// Repository is the name, without tag, of the project's own image.
const Repository = repository + "realmkeeper"

const certificates = "/etc/ssl/certs/ca-certificates.crt"

// Project builds the project's image from the checkout at root, as of a version;
// an empty one is none. Its tag changes with its content and with nothing else.
// The binaries stay in the folder cache, in a place of their own for each
// checkout: go build links only what has changed since.
func Project(ctx context.Context, root, cache, version string) (Archive, error) {
	place := sha256.Sum256([]byte(root + version))
	folder := filepath.Join(cache, "project-"+hex.EncodeToString(place[:6]))
	binaries := filepath.Join(folder, "bin")
	if err := os.MkdirAll(binaries, 0o755); err != nil {
		return Archive{}, fmt.Errorf("create folder for binaries: %w", err)
	}
	if err := golang.Build(ctx, root, "-ldflags", linkerFlags(version), "-o", binaries+"/", "./cmd/operator", "./cmd/authserver"); err != nil {
		return Archive{}, err
	}
	config := v1.Config{User: "65532:65532", Entrypoint: []string{"/operator"}, WorkingDir: "/"}
	return write(filepath.Join(folder, "realmkeeper.tar"), Repository, untagged, config, func(l *layer) error {
		return l.add(
			entry{name: "/authserver", mode: 0o755, source: filepath.Join(binaries, "authserver")},
			entry{name: "/etc/group", mode: 0o644, text: "root:x:0:\nnonroot:x:65532:\n"},
			entry{name: "/etc/passwd", mode: 0o644, text: "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"},
			entry{name: certificates, mode: 0o644, source: certificates},
			entry{name: "/operator", mode: 0o755, source: filepath.Join(binaries, "operator")},
			entry{name: "/tmp", mode: 0o1777, folder: true},
		)
	})
}

func linkerFlags(version string) string {
	if version == "" {
		return "-s -w"
	}
	return "-s -w -X main.version=" + version
}

// Pause builds the image of the sandbox of every pod from the program pause.
func Pause(reference, program, folder string) (Archive, error) {
	name, tag, err := splitReference(reference)
	if err != nil {
		return Archive{}, err
	}
	config := v1.Config{User: "65535:65535", Entrypoint: []string{"/pause"}}
	return write(filepath.Join(folder, "pause.tar"), name, tag, config, func(l *layer) error {
		return l.add(entry{name: "/pause", mode: 0o755, source: program})
	})
}
