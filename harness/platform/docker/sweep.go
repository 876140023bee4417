package docker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// UndoKind is the kind under which a run is entered in its Ledger, with the
// run's id and the engine's address as its arguments.
const UndoKind = "docker"

const (
	// settle is for how long nothing of a dead run may appear until it is
	// clean: the engine carries out a call whose caller was killed meanwhile.
	settle     = time.Second
	sweepPause = 50 * time.Millisecond
	sweepTries = 10 // passes that fail before the sweep gives up
	// undoTimeout bounds cleaning up after one run.
	undoTimeout = 2 * time.Minute
)

// Undo removes everything that the run entered by args left in its engine. It
// does nothing when there is nothing. An engine that does not answer is an
// error: what it holds is not known.
func Undo(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want a run and an engine, have %q", args)
	}
	ctx, cancel := context.WithTimeout(ctx, undoTimeout)
	defer cancel()
	engine, err := reach(ctx, args[1])
	if err != nil {
		return err
	}
	defer engine.Close()
	_, err = sweep(ctx, engine, args[0], settle)
	return err
}

// reach is the engine at host, which answers.
func reach(ctx context.Context, host string) (client.APIClient, error) {
	engine, err := client.New(client.WithTLSClientConfigFromEnv(), client.WithAPIVersionFromEnv(), client.WithHost(host)) // not the host of the environment, which may be another by now
	if err != nil {
		return nil, fmt.Errorf("the Docker engine at %s: %w", host, err)
	}
	asked, stop := context.WithTimeout(ctx, answerTimeout)
	defer stop()
	if _, err := engine.Ping(asked, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		engine.Close()
		return nil, fmt.Errorf("the Docker engine at %s does not answer: %w", host, err)
	}
	return engine, nil
}

// sweep removes every container, network and volume with the label of the run,
// until none has appeared for as long as quiet, and says what it removed.
func sweep(ctx context.Context, engine client.APIClient, runID string, quiet time.Duration) (removed []string, err error) {
	var clean time.Time // since when nothing is there; zero: something was
	for failed := 0; ; {
		names, err := removeAll(ctx, engine, runID)
		removed = append(removed, names...)
		switch {
		case err != nil:
			clean = time.Time{}
			if failed++; failed == sweepTries || ctx.Err() != nil {
				return removed, err
			}
		case len(names) > 0:
			clean = time.Time{}
		case clean.IsZero():
			clean = time.Now()
		}
		if !clean.IsZero() && time.Since(clean) >= quiet {
			return removed, nil
		}
		select {
		case <-time.After(sweepPause):
		case <-ctx.Done():
			return removed, errors.Join(err, ctx.Err())
		}
	}
}

// removeAll is one pass of a sweep: containers first, since a network or volume
// in use cannot go.
func removeAll(ctx context.Context, engine client.APIClient, runID string) (removed []string, err error) {
	mine := make(client.Filters).Add("label", Label+"="+runID)
	p := &pass{}
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	p.note("", err)
	for _, c := range containers.Items {
		p.each.Go(func() {
			_, err := engine.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			p.note("container "+c.ID[:12], err)
		})
	}
	p.each.Wait()
	networks, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	p.note("", err)
	for _, n := range networks.Items {
		_, err := engine.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		p.note("network "+n.Name, err)
	}
	volumes, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	p.note("", err)
	for _, v := range volumes.Items {
		_, err := engine.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{Force: true})
		p.note("volume "+v.Name, err)
	}
	return p.removed, errors.Join(p.errs...)
}

// pass is what a pass of a sweep removed, and what it could not.
type pass struct {
	each    sync.WaitGroup
	mu      sync.Mutex
	removed []string
	errs    []error
}

// note takes down the end of one removal, or of a list ("").
func (p *pass) note(what string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil && what != "":
		p.removed = append(p.removed, what)
	case err != nil && what == "":
		p.errs = append(p.errs, fmt.Errorf("list what the run left: %w", err))
	case err != nil && !errdefs.IsNotFound(err):
		p.errs = append(p.errs, fmt.Errorf("remove %s: %w", what, err))
	}
}
