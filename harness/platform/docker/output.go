package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// Tail is the last n lines that the replica printed, all its lives.
func (s *system) Tail(name string, n int) ([]string, error) {
	r, err := s.replica(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var all bytes.Buffer
	if err := s.copyOutput(ctx, r, &all, strconv.Itoa(n)); err != nil {
		return nil, err
	}
	text := strings.TrimRight(all.String(), "\n")
	if text == "" {
		return nil, nil
	}
	return strings.Split(tail(text, n), "\n"), nil
}

func (s *system) copyOutput(ctx context.Context, r *replica, to io.Writer, lines string) error {
	output, err := s.engine.ContainerLogs(ctx, r.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: lines})
	if err != nil {
		return fmt.Errorf("output of %s: %w", r.name, err)
	}
	defer output.Close()
	_, err = stdcopy.StdCopy(to, to, output)
	return err
}

// lastLines is what an error about a replica ends with.
func (s *system) lastLines(r *replica) string {
	lines, err := s.Tail(r.name, 20)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	if len(lines) == 0 {
		return "(it printed nothing)"
	}
	return strings.Join(lines, "\n")
}

// keepOutput writes what a replica printed to the run's folder, before its
// container is removed.
func (s *system) keepOutput(ctx context.Context, r *replica) error {
	f, err := os.Create(filepath.Join(s.o.Dir, "logs", r.name+".log"))
	if err != nil {
		return err
	}
	defer f.Close()
	return s.copyOutput(ctx, r, f, "all")
}

// follow tells OnState of every start and death, as the engine reports them.
func (s *system) follow() {
	if s.o.OnState == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	stream := s.engine.Events(ctx, client.EventsListOptions{Filters: make(client.Filters).Add("label", Label+"="+s.o.RunID).Add("type", "container")})
	w := &watcher{stop: cancel}
	w.done.Go(func() {
		for {
			select {
			case m := <-stream.Messages:
				s.tell(m)
			case <-stream.Err: // the stream ended, by our cancel or the engine's end
				return
			}
		}
	})
	s.watch = w
}

// The states that OnState is told.
const (
	StateStarting = "starting"
	StateDown     = "down"
)

// tell translates an event of the engine.
func (s *system) tell(m events.Message) {
	name := strings.TrimPrefix(m.Actor.Attributes["name"], "gauntlet-"+s.o.RunID+"-")
	switch m.Action {
	case events.ActionStart:
		s.o.OnState(name, StateStarting, time.Unix(0, m.TimeNano))
	case events.ActionDie:
		s.o.OnState(name, StateDown, time.Unix(0, m.TimeNano))
	}
}

type watcher struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

func (w *watcher) Close() error {
	w.stop()
	w.done.Wait()
	return nil
}
