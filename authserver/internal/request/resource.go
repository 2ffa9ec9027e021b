// SPDX-License-Identifier: Apache-2.0

package request

// ResourceMetadataPath is what the address begins with, below the issuer, at which the realm
// describes the protected resource of a client (RFC 9728). The client's id follows.
const ResourceMetadataPath = "/oauth2/protected-resources/"
