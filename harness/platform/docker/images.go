package docker

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// haveImage makes sure that the service's image is here: as it stands, or
// built when the Compose file says how, or else pulled. It is done before
// anything is started, so that a missing image costs no half-started system.
// An image that is here and older than what it is built from is run, and said
// to be so wherever substitutes are said.
func (s *system) haveImage(ctx context.Context, service topology.Service) error {
	found, err := s.engine.ImageInspect(ctx, service.Image)
	switch {
	case err == nil:
		if file := newerSource(service.Build, imageTime(found.InspectResponse)); file != "" {
			s.substitutes = append(s.substitutes, fmt.Sprintf("%s: ran image %s, which is older than its source %s (build it again: make images)", service.Name, service.Image, file))
		}
		return nil
	case !errdefs.IsNotFound(err):
		return fmt.Errorf("image %s of %s: %w", service.Image, service.Name, err)
	case service.Build != nil:
		err = s.build(ctx, service)
	default:
		err = s.provider.PullImage(ctx, service.Image)
	}
	if err != nil {
		return fmt.Errorf("image %s of %s is not here and cannot be had: %w\n  hint: without a registry `make images` builds it and names it in .env", service.Image, service.Name, err)
	}
	return nil
}

// build makes the image as the Compose file's build section says. It is kept:
// the next run needs it as well.
func (s *system) build(ctx context.Context, service topology.Service) error {
	repository, tag := service.Image, "latest"
	if at := strings.LastIndex(service.Image, ":"); at > strings.LastIndex(service.Image, "/") {
		repository, tag = service.Image[:at], service.Image[at+1:]
	}
	args := map[string]*string{}
	for name, value := range service.Build.Args {
		args[name] = &value
	}
	dockerfile := service.Build.Dockerfile
	if filepath.IsAbs(dockerfile) {
		if relative, err := filepath.Rel(service.Build.Context, dockerfile); err == nil {
			dockerfile = relative
		}
	}
	var output bytes.Buffer
	_, err := s.provider.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		Context: service.Build.Context, Dockerfile: dockerfile, Repo: repository, Tag: tag, BuildArgs: args, KeepImage: true, BuildLogWriter: &output,
	}})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(platform.LastLines(output.String(), shownLines), "\n"))
	}
	return nil
}
