//go:build !linux

package observe

import (
	"errors"
	"runtime"
)

func here() (host, error) {
	return nil, errors.New(runtime.GOOS + " does not tell whose processor time it is (no /proc)")
}
