package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
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

// startAlone starts a container of nothing but program, whose file is copied
// to inside; more are its arguments after program's own. The rest of the
// container is as asked. The id is known from the moment that it is there,
// whatever becomes of it.
func (s *system) startAlone(ctx context.Context, program []string, inside string, more []string, asked testcontainers.ContainerRequest) (id string, err error) {
	if len(program) == 0 {
		return "", errors.New("nobody said which program it runs")
	}
	if err := runsAlone(program[0]); err != nil {
		return "", err
	}
	if err := s.haveEmptyImage(ctx); err != nil {
		return "", err
	}
	binary, err := os.Open(program[0])
	if err != nil {
		return "", err
	}
	defer binary.Close()
	own, cancel, err := making(ctx)
	defer cancel()
	if err != nil {
		return "", err
	}
	asked.Image, asked.Labels = emptyImage, s.labels(nil)
	asked.Entrypoint, asked.Cmd = []string{inside}, slices.Concat(program[1:], more)
	asked.Files = []testcontainers.ContainerFile{{Reader: binary, ContainerFilePath: inside, FileMode: 0o755}}
	c, err := s.provider.CreateContainer(own, asked)
	if c != nil {
		id = c.GetContainerID()
	}
	if err == nil && ctx.Err() == nil {
		_, err = s.engine.ContainerStart(own, id, client.ContainerStartOptions{})
	}
	return id, errors.Join(err, ctx.Err())
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
