package local

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"gauntlet/harness/platform"
)

// life is one incarnation of a replica: a process and whatever it started.
type life struct {
	cmd     *exec.Cmd
	pid     int
	ticks   uint64 // its start in clock ticks since boot, as the ledger wants it
	started time.Time
	gone    chan struct{} // closed when it is reaped and its group is empty

	mu        sync.Mutex
	reaped    bool
	onPurpose bool // killed by us

	// Written before gone is closed.
	ended time.Time
	exit  string // "exit status 1", "signal: killed"
}

// groupTimeout is how long the rest of a process group may take to die.
const groupTimeout = 2 * time.Second

// begin starts a process for p. It is in a group of its own, which keeps the
// terminal's Ctrl-C from it and lets all that it starts die with it.
func begin(p plan, workDir string, log *replicaLog, spawn *spawner, ledger platform.Ledger) (*life, error) {
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = p.env
	cmd.Dir = workDir
	cmd.Stdout, cmd.Stderr = log.file, log.file
	cmd.SysProcAttr = processAttributes()
	if err := spawn.start(cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	l := &life{cmd: cmd, pid: cmd.Process.Pid, started: time.Now(), gone: make(chan struct{})}
	var err error
	if l.ticks, err = startTicks(l.pid); err == nil && ledger != nil {
		err = ledger.Process(l.pid, l.ticks)
	}
	go l.follow()
	if err != nil {
		l.kill()
		<-l.gone
		return nil, fmt.Errorf("entering %s: %w", p.name, err)
	}
	return l, nil
}

// follow waits for the end. The pid stays ours until the process is reaped, so
// that no signal meets a stranger; and the group dies while its leader is
// still there to name it.
func (l *life) follow() {
	awaitExit(l.pid)
	l.ended = time.Now()
	l.mu.Lock()
	syscall.Kill(-l.pid, syscall.SIGKILL)
	err := l.cmd.Wait()
	l.reaped = true
	l.mu.Unlock()
	l.exit = "exit status 0"
	if err != nil {
		l.exit = err.Error()
	}
	awaitGroup(l.pid, groupTimeout)
	close(l.gone)
}

// incarnation tells this life from the next.
func (l *life) incarnation() string { return fmt.Sprintf("%d@%d", l.pid, l.ticks) }

// kill ends the whole group at once, on purpose.
func (l *life) kill() { l.signal(-1, syscall.SIGKILL) }

// terminate asks the process to end.
func (l *life) terminate() { l.signal(1, syscall.SIGTERM) }

// signal goes to the process, or with sign -1 to its group.
func (l *life) signal(sign int, s syscall.Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.reaped {
		l.onPurpose = true
		syscall.Kill(sign*l.pid, s)
	}
}

// send goes to the whole group, and says nothing about its end.
func (l *life) send(s syscall.Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.reaped {
		syscall.Kill(-l.pid, s)
	}
}

func (l *life) wasOnPurpose() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.onPurpose
}

// end ends the life: SIGTERM, and SIGKILL after grace or at once without one
// or when ctx ends. It returns when the life is gone, or with an error after
// killTimeout: a process that the kernel cannot end.
func (l *life) end(ctx context.Context, grace time.Duration) error {
	if grace > 0 && ctx.Err() == nil {
		l.terminate()
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-l.gone:
			return nil
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	l.kill()
	timer := time.NewTimer(killTimeout)
	defer timer.Stop()
	select {
	case <-l.gone:
		return nil
	case <-timer.C:
		return fmt.Errorf("process %d did not end within %v of SIGKILL", l.pid, killTimeout)
	}
}

// killTimeout is how long a process may take to die of SIGKILL: a moment,
// unless it is stuck in the kernel.
const killTimeout = 10 * time.Second
