//go:build !linux

package netfilter

import (
	"context"
	"errors"
)

var errNotLinux = errors.New("only Linux has network namespaces")

// Namespace is a network namespace, of which there is none here.
type Namespace struct{}

// Of fails.
func Of(int) (*Namespace, error) { return nil, errNotLinux }

func fresh() (*Namespace, error) { return nil, errNotLinux }

// Close does nothing.
func (n *Namespace) Close() error { return nil }

// Resent fails.
func (n *Namespace) Resent() (int64, error) { return 0, errNotLinux }

func (n *Namespace) run(context.Context, string, ...string) (string, error) { return "", errNotLinux }
