package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Label is the name of the environment variable that every process of a run
// carries; its value is the run's id.
const Label = "GAUNTLET_RUN"

// Options say who enters the register.
type Options struct {
	ID      string // the run's id: [A-Za-z0-9][A-Za-z0-9._-]*, at most 128 bytes
	Folder  string // the run folder, absolute
	Command string // what was typed, for people
	// Scratch are further folders, absolute, inside which Entry.Folder may enter
	// folders; the run folder is always one.
	Scratch []string
	// Wait makes Open wait, as long as ctx allows, for a run that is under way on
	// this host, instead of being refused.
	Wait bool
}

// Info is what the register knows of a run.
type Info struct {
	ID      string    `json:"id"`
	PID     int       `json:"pid"`
	Start   uint64    `json:"start"` // as StartTime tells it
	Boot    string    `json:"boot"`  // which boot of the machine PID and Start belong to
	Since   time.Time `json:"since"`
	Folder  string    `json:"folder"`
	Scratch []string  `json:"scratch,omitempty"`
	Command string    `json:"command,omitempty"`

	Alive bool   `json:"-"` // its lock is held
	Left  []Item `json:"-"` // what is entered and not yet undone
}

// RunningError is returned by Open when another run is under way on this host.
type RunningError struct {
	Info Info // only the zero value when its owner could not be read
}

func (e *RunningError) Error() string {
	if e.Info.ID == "" {
		return "another run is under way on this host; wait for it with --wait"
	}
	return fmt.Sprintf("run %s is under way on this host (pid %d, since %s, folder %s); wait for it with --wait",
		e.Info.ID, e.Info.PID, e.Info.Since.Local().Format("2006-01-02 15:04:05"), e.Info.Folder)
}

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// Root is the folder that holds the register of this user.
func Root() (string, error) {
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "gauntlet"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the register of runs: %w (set HOME or XDG_STATE_HOME)", err)
	}
	return filepath.Join(home, ".local", "state", "gauntlet"), nil
}

// Open makes this process the one run of this host and enters it. It fails with
// a *RunningError while another run is under way, unless o.Wait is set, and with
// an error when o.ID is entered already. It does not reap; call Reap before.
func Open(ctx context.Context, o Options) (*Entry, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	root, err := Root()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(root, "runs"), 0o700); err != nil {
		return nil, fmt.Errorf("make the register of runs: %w", err)
	}
	host, err := lockHost(ctx, filepath.Join(root, "host.lock"), o.Wait)
	if err != nil {
		return nil, err
	}
	e, err := enter(ctx, root, o, host)
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	return e, nil
}

func (o Options) check() error {
	if !validID.MatchString(o.ID) {
		return fmt.Errorf("%q is no id of a run: want letters, digits, '.', '_' and '-'", o.ID)
	}
	for _, f := range append([]string{o.Folder}, o.Scratch...) {
		if !filepath.IsAbs(f) || filepath.Clean(f) == filepath.Dir(filepath.Clean(f)) {
			return fmt.Errorf("run %s: folder %q must be absolute and not the root of the file system", o.ID, f)
		}
	}
	return nil
}

// lockHost takes the lock of the one run of this host.
func lockHost(ctx context.Context, path string, wait bool) (*os.File, error) {
	if !wait {
		f, err := tryLockOf(holder(path), path)
		if errors.Is(err, errLocked) {
			return nil, &RunningError{Info: holder(path)}
		}
		return f, err
	}
	f, err := waitLock(ctx, path)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", &RunningError{Info: holder(path)}, err)
	}
	return f, err
}

// holder reads who holds the lock at path. A holder that has not yet written
// its name is given as the zero value.
func holder(path string) Info {
	var i Info
	if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &i) != nil {
		return Info{}
	}
	return i
}

// enter makes the entry. The register is locked meanwhile, so that an entry that
// can be seen and whose lock is free is always one whose owner is dead.
func enter(ctx context.Context, root string, o Options, host *os.File) (_ *Entry, err error) {
	guard, err := waitLock(ctx, filepath.Join(root, "register.lock"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, guard.Close()) }()

	info, err := describe(o)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "runs", o.ID)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("enter run %s: %w", o.ID, err)
	}
	own, err := waitLock(ctx, filepath.Join(dir, "lock")) // List may hold it for a moment
	if err != nil {
		return nil, err
	}
	e := &Entry{info: info, dir: dir, host: host, own: own}
	if err := e.begin(); err != nil {
		return nil, errors.Join(err, own.Close(), os.RemoveAll(dir))
	}
	return e, nil
}

func describe(o Options) (Info, error) {
	start, err := StartTime(os.Getpid())
	if err != nil {
		return Info{}, err
	}
	return Info{
		ID: o.ID, PID: os.Getpid(), Start: start, Boot: bootID(), Since: time.Now().UTC().Truncate(time.Second),
		Folder: filepath.Clean(o.Folder), Scratch: o.Scratch, Command: o.Command,
	}, nil
}
