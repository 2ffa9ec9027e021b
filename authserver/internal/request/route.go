// SPDX-License-Identifier: Apache-2.0

package request

import "net/http"

// Route is one line of what a transport answers.
type Route struct {
	// Pattern is as http.ServeMux understands it.
	Pattern string
	// Rate is the class in which the route's requests are limited.
	Rate    RateClass
	Handler http.Handler
}
