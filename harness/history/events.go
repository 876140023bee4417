package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Events appends to the event log of a run, a line of JSON each. It is safe
// for concurrent use. Events are few, so each is written through at once.
type Events struct {
	mu  sync.Mutex
	w   io.WriteCloser
	err error
}

// CreateEvents begins an event log at path, which must not exist.
func CreateEvents(path string) (*Events, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return &Events{w: f}, nil
}

// Record appends e. A failure is kept and returned by Close: what is being
// done to the system goes on, and must be undone, whether or not it can be
// written down.
func (l *Events) Record(e Event) {
	line, err := json.Marshal(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		_, err = l.w.Write(append(line, '\n'))
	}
	l.err = errors.Join(l.err, err)
}

// Close closes the log and returns what went wrong while writing it.
func (l *Events) Close() error { return errors.Join(l.err, l.w.Close()) }

// ReadEvents reads the event log at path. A last line that is cut off (its
// run was killed) is left out; any other line that cannot be read is an error
// with its number.
func ReadEvents(path string) ([]Event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readEvents(f, path)
}

func readEvents(from io.Reader, path string) ([]Event, error) {
	var all []Event
	r := bufio.NewReader(from)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("%s:%d: not an event: %w", path, n, err)
		}
		all = append(all, e)
	}
}
