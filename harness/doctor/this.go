package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"gauntlet/harness/capacity"
	"gauntlet/harness/register"
)

// ThisMachine is the machine that gauntlet runs on, with what measures a
// generator on it (see Machine).
func ThisMachine(generator func(context.Context) (capacity.Generator, error)) Machine {
	return Machine{
		OS: runtime.GOOS, Go: runtime.Version(), CPUs: runtime.NumCPU(), Root: os.Geteuid() == 0,
		ReadFile: os.ReadFile, LookPath: exec.LookPath, Run: runBriefly, Engine: engine,
		Writable: writable, DiskFree: diskFree, PortFree: portFree, Lateness: lateness, Runs: runs, Generator: generator,
		OpenFiles: func() (uint64, error) { return limit(unix.RLIMIT_NOFILE) },
		Processes: func() (uint64, error) { return limit(unix.RLIMIT_NPROC) },
	}
}

const commandTimeout = 5 * time.Second

// runBriefly runs a program that only looks. Go must not download another
// version of itself to tell its version.
func runBriefly(ctx context.Context, program string, args ...string) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GOTOOLCHAIN=local")
	cmd.WaitDelay = time.Second // for a child that keeps the pipe open
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// existing is the folder, or the nearest one above it that is there.
func existing(folder string) (string, error) {
	path, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for {
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if parent := filepath.Dir(path); errors.Is(err, fs.ErrNotExist) && parent != path {
			path = parent
			continue
		}
		return "", err
	}
}

func writable(folder string) error {
	path, err := existing(folder)
	if err != nil {
		return err
	}
	if err := unix.Access(path, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("write to %s: %w", path, err)
	}
	return nil
}

func diskFree(folder string) (uint64, error) {
	path, err := existing(folder)
	if err != nil {
		return 0, err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, fmt.Errorf("free space at %s: %w", path, err)
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// limit is the hard one: a Go program raises its soft limit of open files to
// it by itself, and hands the original on to its children.
func limit(resource int) (uint64, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(resource, &r); err != nil {
		return 0, fmt.Errorf("read limit: %w", err)
	}
	return r.Max, nil
}

func lateness(ctx context.Context, budget time.Duration) []time.Duration {
	var late []time.Duration
	const asked = time.Millisecond
	for end := time.Now().Add(budget); ctx.Err() == nil; {
		begin := time.Now()
		if begin.After(end) {
			break
		}
		time.Sleep(asked)
		late = append(late, time.Since(begin)-asked)
	}
	return late
}

// runs is the register's list, once it is known that it takes entries.
func runs() ([]register.Info, error) {
	root, err := register.Root()
	if err != nil {
		return nil, err
	}
	if err := writable(root); err != nil {
		return nil, err
	}
	return register.List()
}
