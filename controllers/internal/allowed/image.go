// SPDX-License-Identifier: Apache-2.0

package allowed

import "strings"

// hub is the registry of images that name none.
const hub = "docker.io"

// qualified is the name of an image with its registry, as container runtimes complete it:
// postgres:15 is docker.io/library/postgres:15.
func qualified(image string) string {
	registry, rest, found := strings.Cut(image, "/")
	switch {
	case !found:
		return hub + "/library/" + image
	case !isRegistry(registry):
		return hub + "/" + image
	case registry == hub && !strings.Contains(rest, "/"):
		return hub + "/library/" + rest
	}
	return image
}

// isRegistry tells a registry from the first part of a repository on the hub.
func isRegistry(name string) bool {
	return name == "localhost" || strings.ContainsAny(name, ".:") || strings.ToLower(name) != name
}

// repository is the qualified name of an image without its tag and digest.
func repository(image string) string {
	name, _, _ := strings.Cut(qualified(image), "@")
	if tag := strings.LastIndexByte(name, ':'); tag > strings.LastIndexByte(name, '/') {
		return name[:tag]
	}
	return name
}
