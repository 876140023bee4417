package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// emptyImage is an image without a file, which every engine can make by itself.
// The binary is copied into the container and goes with it: an image with the
// binary in it would stay behind, one for each version.
const emptyImage = "gauntlet/empty:1"

// haveEmptyImage makes the image when it is not here.
func (s *system) haveEmptyImage(ctx context.Context) error {
	_, err := s.engine.ImageInspect(ctx, emptyImage)
	if err == nil || !errdefs.IsNotFound(err) {
		return err
	}
	var nothing bytes.Buffer
	if err := tar.NewWriter(&nothing).Close(); err != nil {
		return err
	}
	own, cancel, err := making(ctx)
	defer cancel()
	if err != nil {
		return err
	}
	result, err := s.engine.ImageImport(own, client.ImageImportSource{Source: &nothing, SourceName: "-"}, emptyImage, client.ImageImportOptions{})
	if err != nil {
		return fmt.Errorf("make the image %s: %w", emptyImage, err)
	}
	defer result.Close()
	_, err = io.Copy(io.Discard, result) // until it is made
	return err
}

// runsAlone says why the program at path cannot run in a container without any
// file but itself.
func runsAlone(path string) error {
	const hint = "build it with CGO_ENABLED=0, for Linux (make build does)"
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is no program for a Linux container: %w\n  hint: %s", path, err, hint)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically, and there is nothing to link it with in a container of its own\n  hint: %s", path, hint)
		}
	}
	return nil
}
