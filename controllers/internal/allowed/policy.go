// SPDX-License-Identifier: Apache-2.0

// Package allowed is what whoever installs the operator lets realms ask for.
//
// Whoever may write an AuthRealm or an OAuthProvider has the operator act for them, with
// rights that they may not have themselves. What could harm others is theirs to ask for
// only as far as a Policy says.
package allowed

import (
	"fmt"
	"slices"
	"strings"
)

// Policy is what realms may ask for. The zero Policy lets them ask for nothing.
type Policy struct {
	// Images are where images may come from, each with its registry: a repository such as
	// ghcr.io/example/realmkeeper, which stands for its tags and digests and for what is
	// below it, or everything below a name that ends with a slash.
	Images []string

	// PrivateNetworks lets realms connect to private addresses where their spec asks for it.
	PrivateNetworks bool

	// IngressAnnotations are the names of annotations that an Ingress may have. One that
	// ends with a slash stands for every name of its domain.
	IngressAnnotations []string
}

// Validate returns an error that says what of the policy cannot be meant.
func (p Policy) Validate() error {
	for _, prefix := range p.Images {
		if registry, _, found := strings.Cut(prefix, "/"); !found || !isRegistry(registry) || strings.ContainsAny(prefix, " \t*") {
			return fmt.Errorf("image %q must begin with its registry, such as docker.io/library/postgres, or ghcr.io/example/ for all that is below", prefix)
		}
	}
	for _, name := range p.IngressAnnotations {
		if name == "" || name == "/" || strings.ContainsAny(name, " \t*") {
			return fmt.Errorf("annotation %q must be a name such as example.com/protocol, or a domain with a slash, such as example.com/", name)
		}
	}
	return nil
}

// WithImages is the policy that lets realms name these images as well, in whatever version.
func (p Policy) WithImages(images ...string) Policy {
	p.Images = slices.Clone(p.Images)
	for _, image := range images {
		p.Images = append(p.Images, repository(image))
	}
	slices.Sort(p.Images)
	p.Images = slices.Compact(p.Images)
	return p
}

// AllowsImage reports whether a realm may name an image.
func (p Policy) AllowsImage(image string) bool {
	name := qualified(image)
	return slices.ContainsFunc(p.Images, func(prefix string) bool {
		rest, found := strings.CutPrefix(name, prefix)
		// A registry whose name only begins alike is somebody else's, and so is a repository.
		return found && (rest == "" || strings.HasSuffix(prefix, "/") || strings.ContainsRune("/:@", rune(rest[0])))
	})
}

// AllowsAnnotation reports whether an Ingress may have an annotation of the name.
func (p Policy) AllowsAnnotation(name string) bool {
	return slices.ContainsFunc(p.IngressAnnotations, func(allowed string) bool {
		return name == allowed || strings.HasSuffix(allowed, "/") && strings.HasPrefix(name, allowed)
	})
}
