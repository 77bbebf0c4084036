//go:build tools

// Package conformance names the suite, so that `go mod tidy` keeps it and what its tests need.
package conformance

import _ "github.com/opencontainers/distribution-spec/conformance"
