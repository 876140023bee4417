// Package build finds out what a build of a service is that somebody names: a
// folder with its source, a revision of its repository, a program, an image.
// What is source is built once, so that every run of a comparison has the same
// program, whatever is edited meanwhile.
package build

import (
	"context"
	"io"
	"os/exec"
	"strings"

	"gauntlet/harness/run"
	"gauntlet/harness/topology"
)

// Found is a build that can be run.
type Found struct {
	What   string // as it was named
	Told   string // what that is, for a person
	Digest string // 12 hex digits of the program's SHA-256; "" of an image
	Build  run.Build
	held   io.Closer // nil of an image
}

// Close lets go of the program: a later Find may remove it from the cache.
func (f Found) Close() error {
	if f.held == nil {
		return nil
	}
	return f.held.Close()
}

// Finder looks builds of a service up.
type Finder struct {
	Stack    topology.Stack
	Service  string
	Platform string // chaos.Local or chaos.Docker
	Cache    string // folder for what is built; it is made, and kept small
}

// Find is the build that what names, as Look has it. What is source is built.
// Its program stays until it is closed, and among the last ones after that.
func (f Finder) Find(ctx context.Context, what string) (Found, error) {
	s, err := f.look(ctx, what)
	switch {
	case err != nil:
		return Found{}, err
	case s.make == nil:
		return Found{What: what, Told: s.told, Build: run.Build{Name: s.told, Image: s.image}}, nil
	}
	return f.keep(what, s.told, func(to string) error { return s.make(ctx, to) })
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}
