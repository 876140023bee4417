package local

import (
	"path/filepath"
	"testing"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/conformance"
)

// cache is shared by the tests of this package, so that the subject is linked
// once.
var cache = filepath.Join("..", "..", "..", ".cache", "bin")

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) platform.Platform {
		return New(Options{RunID: runID(t), Dir: t.TempDir(), Cache: cache})
	})
}
