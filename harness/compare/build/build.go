// Package build finds out what a build of a service is that somebody names: a
// folder with its source, a revision of its repository, a program, an image.
// What is source is built once, so that every run of a comparison has the same
// program, whatever is edited meanwhile.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/platform/local"
	"gauntlet/harness/run"
	"gauntlet/harness/topology"
)

// Found is a build that can be run.
type Found struct {
	What   string // as it was named
	Told   string // what that is, for a person
	Digest string // 12 hex digits of the program's SHA-256; "" of an image
	Build  run.Build
}

// Finder looks builds of a service up.
type Finder struct {
	Stack    topology.Stack
	Service  string
	Platform string // chaos.Local or chaos.Docker
	Cache    string // folder for what is built; it is made
}

// Find is the build that what names: on processes a folder or a program of this
// machine, else a revision of the repository that the Compose file is in; on
// containers an image.
func (f Finder) Find(ctx context.Context, what string) (Found, error) {
	info, err := os.Stat(what)
	switch {
	case what == "":
		return Found{}, errors.New("a build has an empty name\n  hint: name a folder, a revision, a program or, with --platform docker, an image")
	case f.Platform == chaos.Docker && err == nil && info.IsDir() && strings.ContainsAny(what, "./"):
		return Found{}, fmt.Errorf("build %s is a folder, and on docker a build is an image\n  hint: build the image, then name it", what)
	case f.Platform == chaos.Docker:
		return Found{What: what, Told: "image " + what, Build: run.Build{Name: "image " + what, Image: what}}, nil
	case err == nil && info.IsDir():
		return f.folder(ctx, what)
	case err == nil:
		return f.program(what, info)
	}
	return f.revision(ctx, what)
}

// program is one that is there already.
func (f Finder) program(what string, info os.FileInfo) (Found, error) {
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return Found{}, fmt.Errorf("build %s cannot be run: it is no executable file\n  hint: chmod +x, or name a folder or a revision", what)
	}
	path, err := filepath.Abs(what)
	if err != nil {
		return Found{}, err
	}
	// Its own copy: it may be built anew while the runs go on.
	return f.keep(what, "program "+what, func(to string) error { return copyFile(path, to) })
}

// folder builds the service's package as it stands in another tree.
func (f Finder) folder(ctx context.Context, what string) (Found, error) {
	within, err := f.within(ctx)
	if err != nil {
		return Found{}, err
	}
	told := "folder " + what
	if commit := run.Commit(ctx, what); commit != "" {
		told += ", commit " + commit
	}
	return f.source(ctx, what, told, filepath.Join(what, within))
}

// revision builds it as a commit has it.
func (f Finder) revision(ctx context.Context, what string) (Found, error) {
	unknown := fmt.Errorf("build %s: there is no such file or folder, nor a revision of the repository around %s\n  hint: name a folder with the source, a revision (git tag, git log), or a program", what, f.Stack.File)
	if strings.HasPrefix(what, "-") {
		return Found{}, unknown
	}
	commit, err := git(ctx, f.Stack.Dir, "rev-parse", "--verify", "--quiet", what+"^{commit}")
	if err != nil {
		return Found{}, unknown
	}
	within, err := f.within(ctx)
	if err != nil {
		return Found{}, err
	}
	tree, err := f.folderFor("source-")
	if err != nil {
		return Found{}, err
	}
	defer os.RemoveAll(tree)
	if err := checkout(ctx, f.Stack.Dir, commit, tree); err != nil {
		return Found{}, fmt.Errorf("build %s: %w", what, err)
	}
	return f.source(ctx, what, fmt.Sprintf("revision %s, commit %.12s", what, commit), filepath.Join(tree, within))
}

// source builds the service's package of the tree at root, which is to its
// Compose file what Stack.Dir is to ours.
func (f Finder) source(ctx context.Context, what, told, root string) (Found, error) {
	pkg, err := f.pkg()
	if err != nil {
		return Found{}, fmt.Errorf("build %s: %w", what, err)
	}
	if strings.HasPrefix(pkg, ".") {
		if _, err := os.Stat(filepath.Join(root, pkg)); err != nil {
			return Found{}, fmt.Errorf("build %s has no %s, the package of service %s\n  hint: name the folder of a whole tree, or a program", what, pkg, f.Service)
		}
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		return Found{}, err
	}
	return f.keep(what, told, func(to string) error { return local.Compile(ctx, absolute, pkg, to) })
}

// pkg is the Go package of the service.
func (f Finder) pkg() (string, error) {
	for _, s := range f.Stack.Services {
		if s.Name != f.Service {
			continue
		}
		if s.Local == nil || s.Local.Package == "" {
			return "", fmt.Errorf("service %s of %s runs no package of x-local that could be built\n  hint: name programs to compare", f.Service, f.Stack.File)
		}
		return s.Local.Package, nil
	}
	return "", fmt.Errorf("%s has no service %s", f.Stack.File, f.Service)
}

// within is where the Compose file's folder lies in its repository; "." outside
// of one.
func (f Finder) within(ctx context.Context) (string, error) {
	top, err := git(ctx, f.Stack.Dir, "rev-parse", "--show-prefix")
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return ".", nil
	}
	return filepath.Join(".", top), nil
}

// keep makes the program in the cache under its digest, so that one that is
// running is never written to.
func (f Finder) keep(what, told string, make func(to string) error) (Found, error) {
	fresh, err := f.folderFor("fresh-")
	if err != nil {
		return Found{}, err
	}
	defer os.RemoveAll(fresh)
	file := filepath.Join(fresh, f.Service)
	if err := make(file); err != nil {
		return Found{}, err
	}
	digest, err := digestOf(file)
	if err != nil {
		return Found{}, err
	}
	path, err := filepath.Abs(filepath.Join(f.Cache, f.Service+"-"+digest))
	if err != nil {
		return Found{}, err
	}
	if err := os.Rename(file, path); err != nil {
		return Found{}, err
	}
	return Found{What: what, Told: told, Digest: digest, Build: run.Build{Name: told + ", sha256 " + digest, Program: path}}, nil
}

// abandoned is the age from which a folder of the cache is one that a killed
// gauntlet left: no build takes as long.
const abandoned = time.Hour

// folderFor makes a folder in the cache for something on its way, and removes
// those that were left.
func (f Finder) folderFor(prefix string) (string, error) {
	if err := os.MkdirAll(f.Cache, 0o755); err != nil {
		return "", err
	}
	old, err := filepath.Glob(filepath.Join(f.Cache, prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > abandoned {
			if err := os.RemoveAll(dir); err != nil {
				return "", err
			}
		}
	}
	return os.MkdirTemp(f.Cache, prefix)
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func copyFile(from, to string) error {
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

func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}
