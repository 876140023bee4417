package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/burn"
	"gauntlet/harness/platform/cgroup"
)

// burner is a process that computes and holds memory beside a replica.
type burner struct {
	cmd   *exec.Cmd
	stdin io.Closer
	how   string
}

// burnerTimeout is how long a burner may take to hold its memory, and to end.
const burnerTimeout = 30 * time.Second

// Stress implements platform.Stresser. The burner competes within the limits
// of the replica where those are a control group's; otherwise only for the
// machine. It is a process of the run: labelled, entered, and gone with the
// harness.
func (s *System) Stress(ctx context.Context, replica string, w platform.Stress) error {
	r, err := s.named(replica)
	if err == nil {
		err = r.stress(ctx, w)
	}
	if err != nil {
		return fmt.Errorf("stress %s: %w", replica, err)
	}
	return nil
}

// CanStress says why no replica can be stressed here, where that is known.
func (s *System) CanStress(context.Context) error {
	if len(s.options.Burner) == 0 {
		return errors.New("no burner is known")
	}
	return nil
}

func (r *replica) stress(ctx context.Context, w platform.Stress) error {
	r.limiting.Lock()
	defer r.limiting.Unlock()
	if r.burner != nil {
		return errors.New("it is stressed already")
	}
	l, err := r.current(ctx)
	if err != nil {
		return err
	}
	if l == nil {
		return platform.ErrDown
	}
	b, err := r.startBurner(ctx, w, l)
	if b != nil {
		r.mu.Update(func() { r.burner = b })
	}
	return err
}

// startBurner starts a burner and waits until it burns. With an error it may
// have been started all the same.
func (r *replica) startBurner(ctx context.Context, w platform.Stress, l *life) (*burner, error) {
	command := append([]string{}, r.options.Burner...)
	command = append(command, fmt.Sprintf("--workers=%d", w.Workers), fmt.Sprintf("--load=%d", w.Load), fmt.Sprintf("--memory=%d", w.Memory))
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Args[0] = os.Args[0] // a binary of several names does what it is called by
	cmd.Env = append(os.Environ(), platform.RunLabel+"="+r.options.RunID, platform.BesideLabel)
	cmd.SysProcAttr = processAttributes()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.spawner.start(cmd); err != nil {
		return nil, fmt.Errorf("start the burner: %w", err)
	}
	b := &burner{cmd: cmd, stdin: stdin, how: "beside the process, without limits of its own"}
	if r.options.Ledger != nil {
		ticks, err := startTicks(cmd.Process.Pid)
		if err == nil {
			err = r.options.Ledger.Process(cmd.Process.Pid, ticks)
		}
		if err != nil {
			return b, err
		}
	}
	if group := joinGroup(cmd.Process.Pid, l.pid); group {
		b.how = "within the limits of the process"
	}
	ctx, cancel := context.WithTimeout(ctx, burnerTimeout)
	defer cancel()
	unwatch := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if !unwatch() || strings.TrimSpace(line) != burn.Ready {
		return b, fmt.Errorf("the burner did not come up: %w", errors.Join(context.Cause(ctx), err))
	}
	return b, nil
}

// joinGroup moves the process into the control group of another, and tells
// whether that is one of its own.
func joinGroup(pid, of int) bool {
	tree, err := cgroup.Here()
	if err != nil {
		return false
	}
	home, err := tree.Of(pid)
	if err != nil {
		return false
	}
	group, err := tree.Of(of)
	return err == nil && group != home && group.Add(pid) == nil
}

// Relieve implements platform.Stresser.
func (s *System) Relieve(_ context.Context, replica string) error {
	r, err := s.named(replica)
	if err == nil {
		err = r.relieve()
	}
	if err != nil {
		return fmt.Errorf("relieve %s: %w", replica, err)
	}
	return nil
}

func (r *replica) relieve() error {
	r.limiting.Lock()
	defer r.limiting.Unlock()
	if r.burner == nil {
		return nil
	}
	r.burner.stdin.Close()
	late := time.AfterFunc(burnerTimeout/10, func() { r.burner.cmd.Process.Kill() })
	defer late.Stop()
	var exited *exec.ExitError
	if err := r.burner.cmd.Wait(); err != nil && !errors.As(err, &exited) {
		return fmt.Errorf("end the burner: %w", err)
	}
	r.mu.Update(func() { r.burner = nil })
	return nil
}

// Stressing implements platform.Stresser.
func (s *System) Stressing(replica string) (t platform.Stressing, err error) {
	r, err := s.named(replica)
	if err != nil {
		return t, err
	}
	r.mu.Lock()
	l, b := r.life, r.burner
	r.mu.Unlock()
	if b != nil {
		t.How = b.how
		if t.Used, err = processTime(b.cmd.Process.Pid); err == nil {
			t.Held, err = burn.Held(b.cmd.Process.Pid)
		}
		if err != nil {
			return t, fmt.Errorf("the burner beside %s: %w", replica, err)
		}
	}
	if l == nil {
		return t, fmt.Errorf("%s: %w", replica, platform.ErrDown)
	}
	if t.Waited, err = burn.Waited(l.pid); err != nil {
		return t, fmt.Errorf("%s: %w", replica, err)
	}
	return t, nil
}
