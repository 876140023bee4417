package docker

import (
	"testing"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/conformance"
)

func TestConformance(t *testing.T) {
	needEngine(t)
	conformance.Run(t, func(t *testing.T) platform.Platform { return New(options(t)) })
}
