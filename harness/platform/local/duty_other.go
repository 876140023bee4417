//go:build !linux

package local

import "errors"

func newDuty(float64) (brake, error) {
	return nil, errors.New("a process can be limited on Linux only")
}
