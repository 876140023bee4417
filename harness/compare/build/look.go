package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gauntlet/harness/chaos"
	"gauntlet/harness/platform/local"
	"gauntlet/harness/run"
)

// sought is a build that is known to be there.
type sought struct {
	told  string
	image string                                     // of containers
	make  func(ctx context.Context, to string) error // else: writes its program
}

// Look says what it is that what names, as Found.Told does, without making
// anything: on processes a folder or a program of this machine, else a revision
// of the repository that the Compose file is in; on containers an image. Whether
// there is such an image, and whether source compiles, is not known by then.
func (f Finder) Look(ctx context.Context, what string) (told string, err error) {
	s, err := f.look(ctx, what)
	return s.told, err
}

func (f Finder) look(ctx context.Context, what string) (sought, error) {
	info, err := os.Stat(what)
	switch {
	case what == "":
		return sought{}, errors.New("a build has an empty name\n  hint: name a folder, a revision, a program or, with --platform docker, an image")
	case f.Platform == chaos.Docker && err == nil && info.IsDir() && strings.ContainsAny(what, "./"):
		return sought{}, fmt.Errorf("build %s is a folder, and on docker a build is an image\n  hint: build the image, then name it", what)
	case f.Platform == chaos.Docker:
		return sought{told: "image " + what, image: what}, nil
	case err == nil && info.IsDir():
		return f.folder(ctx, what)
	case err == nil:
		return f.program(what, info)
	}
	return f.revision(ctx, what)
}

// program is one that is there already.
func (f Finder) program(what string, info os.FileInfo) (sought, error) {
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return sought{}, fmt.Errorf("build %s cannot be run: it is no executable file\n  hint: chmod +x, or name a folder or a revision", what)
	}
	path, err := filepath.Abs(what)
	// Its own copy: it may be built anew while the runs go on.
	return sought{told: "program " + what, make: func(_ context.Context, to string) error { return copyFile(path, to) }}, err
}

// folder is the service's package as it stands in another tree.
func (f Finder) folder(ctx context.Context, what string) (sought, error) {
	pkg, err := f.pkg(what)
	if err != nil {
		return sought{}, err
	}
	within, err := f.within(ctx)
	if err != nil {
		return sought{}, err
	}
	root, err := filepath.Abs(filepath.Join(what, within))
	if err != nil {
		return sought{}, err
	}
	if _, err := os.Stat(filepath.Join(root, pkg)); err != nil && strings.HasPrefix(pkg, ".") {
		return sought{}, f.lacks(what, pkg)
	}
	told := "folder " + what
	if commit := run.Commit(ctx, what); commit != "" {
		told += ", commit " + commit
	}
	return sought{told: told, make: func(ctx context.Context, to string) error { return local.Compile(ctx, root, pkg, to) }}, nil
}

// revision is the package as a commit has it.
func (f Finder) revision(ctx context.Context, what string) (sought, error) {
	unknown := fmt.Errorf("build %s: there is no such file or folder, nor a revision of the repository around %s\n  hint: name a folder with the source, a revision (git tag, git log), or a program", what, f.Stack.File)
	if strings.HasPrefix(what, "-") {
		return sought{}, unknown
	}
	commit, err := git(ctx, f.Stack.Dir, "rev-parse", "--verify", "--quiet", what+"^{commit}")
	if err != nil {
		return sought{}, unknown
	}
	pkg, err := f.pkg(what)
	if err != nil {
		return sought{}, err
	}
	if strings.HasPrefix(pkg, ".") {
		if _, err := git(ctx, f.Stack.Dir, "cat-file", "-e", commit+":./"+pkg); err != nil {
			return sought{}, f.lacks(what, pkg)
		}
	}
	within, err := f.within(ctx)
	if err != nil {
		return sought{}, err
	}
	return sought{told: fmt.Sprintf("revision %s, commit %.7s", what, commit), make: func(ctx context.Context, to string) error {
		tree, err := f.folderFor("source-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tree)
		if err := checkout(ctx, f.Stack.Dir, commit, tree); err != nil {
			return fmt.Errorf("build %s: %w", what, err)
		}
		root, err := filepath.Abs(filepath.Join(tree, within))
		if err != nil {
			return err
		}
		return local.Compile(ctx, root, pkg, to)
	}}, nil
}

// lacks is why a tree is none of the service's.
func (f Finder) lacks(what, pkg string) error {
	return fmt.Errorf("build %s has no %s, the package of service %s\n  hint: name the folder of a whole tree, a revision that has it, or a program", what, pkg, f.Service)
}

// pkg is the Go package of the service, of which what is to be a build.
func (f Finder) pkg(what string) (string, error) {
	for _, s := range f.Stack.Services {
		if s.Name != f.Service {
			continue
		}
		if s.Local == nil || s.Local.Package == "" {
			return "", fmt.Errorf("build %s: service %s of %s runs no package of x-local that could be built\n  hint: name programs to compare", what, f.Service, f.Stack.File)
		}
		return s.Local.Package, nil
	}
	return "", fmt.Errorf("build %s: %s has no service %s", what, f.Stack.File, f.Service)
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
