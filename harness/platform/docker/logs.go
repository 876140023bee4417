package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"gauntlet/harness/platform"
)

const tailTimeout = 10 * time.Second

// Tail implements platform.Logger.
func (s *system) Tail(name string, n int) ([]string, error) {
	r, err := s.named(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), tailTimeout)
	defer cancel()
	var text bytes.Buffer
	if err := s.copyOutput(ctx, r, &text, strconv.Itoa(n)); err != nil {
		return nil, err
	}
	return platform.LastLines(text.String(), n), nil
}

// copyOutput writes the last lines of what the replica printed, both streams,
// or "all".
func (s *system) copyOutput(ctx context.Context, r *replica, to io.Writer, lines string) error {
	output, err := s.engine.ContainerLogs(ctx, r.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: lines})
	if err != nil {
		return fmt.Errorf("what %s printed: %w", r.name, err)
	}
	defer output.Close()
	if _, err = stdcopy.StdCopy(to, to, output); err != nil {
		return fmt.Errorf("what %s printed: %w", r.name, err)
	}
	return nil
}

func (s *system) logPath(r *replica) string { return filepath.Join(s.o.Dir, "logs", r.name+".log") }

// keepOutput writes what a replica printed to the run's folder, before its
// container is removed.
func (s *system) keepOutput(ctx context.Context, r *replica) error {
	f, err := os.Create(s.logPath(r))
	if err != nil {
		return err
	}
	err = s.copyOutput(ctx, r, f, "all")
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
