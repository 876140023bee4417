package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// build compiles every package that programs need, once, and returns the
// binaries by package. They lie in the run's own folder: a replica that
// restarts an hour later must be the program that the run began with, though
// somebody may have built another one meanwhile.
func (o Options) build(ctx context.Context, stackDir string, programs map[string]program) (map[string]string, error) {
	root := o.Root
	if root == "" {
		root = stackDir
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	var packages []string
	for _, p := range programs {
		if p.local.Package != "" && !slices.Contains(packages, p.local.Package) {
			packages = append(packages, p.local.Package)
		}
	}
	slices.Sort(packages)
	binaries := map[string]string{}
	for _, pkg := range packages {
		binary, err := o.buildOne(ctx, root, pkg)
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(filepath.Join(o.Dir, folderBinaries)))
		}
		binaries[pkg] = binary
	}
	return binaries, nil
}

func (o Options) buildOne(ctx context.Context, root, pkg string) (string, error) {
	folder := filepath.Join(o.Dir, folderBinaries)
	if err := o.makeFolder(folder); err != nil {
		return "", err
	}
	name := binaryName(root, pkg)
	binary := filepath.Join(folder, name)
	if o.Cache == "" {
		return binary, Compile(ctx, root, pkg, binary)
	}
	cache, err := filepath.Abs(o.Cache)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("the cache of binaries: %w", err)
	}
	// Another gauntlet may be building the same package: its work is used.
	unlock, err := lockFile(ctx, filepath.Join(cache, name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	cached := filepath.Join(cache, name)
	if err := compileInto(ctx, root, pkg, cached); err != nil {
		return "", err
	}
	return binary, linkOrCopy(cached, binary)
}

// binaryName tells packages of the same base name apart.
func binaryName(root, pkg string) string {
	where := pkg
	if strings.HasPrefix(pkg, ".") {
		where = filepath.Join(root, pkg)
	}
	sum := sha256.Sum256([]byte(where))
	return path.Base(filepath.ToSlash(where)) + "-" + hex.EncodeToString(sum[:4])
}

// maxCompilerOutput is how much of the compiler's words is shown, in bytes.
const maxCompilerOutput = 8 << 10

// Compile runs go build for the package, from root, into the file binary.
// Version control is not asked: its answer would change with every commit and
// cost a link each time.
func Compile(ctx context.Context, root, pkg, binary string) error {
	compiler, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("building %s: the Go tool chain is not installed: %w", pkg, err)
	}
	cmd := exec.CommandContext(ctx, compiler, "build", "-buildvcs=false", "-o", binary, pkg)
	cmd.Dir = root
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("building %s: %w", pkg, ctx.Err())
		}
		words := output.String()
		if len(words) > maxCompilerOutput {
			words = words[:maxCompilerOutput] + "…"
		}
		return fmt.Errorf("building %s in %s: %w\n%s", pkg, root, err, strings.TrimSpace(words))
	}
	return nil
}

// lockFile takes the lock at path, waiting for its owner as long as ctx lasts.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the cache of binaries: %w", err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("waiting for %s: %w", path, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// linkOrCopy gives from a second name. go build replaces its output instead
// of writing into it, so a link keeps what it named.
func linkOrCopy(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
