// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "localkube: a local cluster needs the namespaces of Linux; work in a Linux machine or deploy the chart with Helm")
	os.Exit(1)
}
