package netfilter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// commandTimeout bounds one look at the rules or change of them.
const commandTimeout = 10 * time.Second

// own is the namespace of the calling thread.
const own = "/proc/thread-self/ns/net"

// Namespace is a network namespace. It stays as long as this is open, longer
// than the processes that were in it: what its rules have counted can still be
// asked for.
type Namespace struct{ file *os.File }

// Of is the namespace of a process, which takes root. The one that the caller
// is in is refused: nothing may be done to this machine's own packets.
func Of(pid int) (*Namespace, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err == nil {
		var same bool
		if same, err = isOwn(file); err == nil && same {
			err = errors.New("it is the one that gauntlet itself is in")
		}
		if err != nil {
			file.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the network namespace of process %d: %w", pid, err)
	}
	return &Namespace{file}, nil
}

func isOwn(file *os.File) (bool, error) {
	theirs, err := file.Stat()
	if err != nil {
		return false, err
	}
	ours, err := os.Stat(own)
	return err == nil && os.SameFile(theirs, ours), err
}

// fresh is a namespace that nobody is in.
func fresh() (n *Namespace, err error) {
	apart := func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		file, err := os.Open(own)
		n = &Namespace{file}
		return err
	}
	if err := aside(apart); err != nil {
		return nil, fmt.Errorf("a network namespace to try it in: %w", err)
	}
	return n, nil
}

// Close lets go of the namespace. Its rules go with it when nobody is in it.
func (n *Namespace) Close() error { return n.file.Close() }

// Resent is how many TCP segments were sent again from the namespace since it
// was made (RetransSegs of RFC 4022).
func (n *Namespace) Resent() (resent int64, err error) {
	err = n.within(func() error {
		text, err := os.ReadFile("/proc/thread-self/net/snmp")
		if err == nil {
			resent, err = retransmitted(string(text))
		}
		return err
	})
	return resent, err
}

// run runs a program within the namespace and returns what it printed.
func (n *Namespace) run(ctx context.Context, input string, command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	var out, complaint bytes.Buffer
	err := n.within(func() error {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &complaint
		return cmd.Run()
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", command[0], errors.Join(err, said(complaint.String())))
	}
	return out.String(), nil
}

// said is the first line of a program's complaint, nil when it made none.
func said(complaint string) error {
	line, _, _ := strings.Cut(strings.TrimSpace(complaint), "\n")
	if line == "" {
		return nil
	}
	return errors.New(line)
}

// within does something on a thread that is in the namespace. What is started
// there is in it too.
func (n *Namespace) within(do func() error) error {
	return aside(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return do()
	})
}

// aside does something on a thread of its own, which may leave its namespace:
// where it cannot be brought back it is not used again.
func aside(do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open(own)
		if err != nil {
			runtime.UnlockOSThread()
			done <- err
			return
		}
		defer home.Close()
		err = do()
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}
