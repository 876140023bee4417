package local

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"gauntlet/harness/topology"
)

// program is what runs for a service.
type program struct {
	local *topology.Local // with Package or Command: the substitute's when it is one
	path  string          // of Command, as found on this machine; "" for Package
}

// choose decides for every service of stack what runs, without starting
// anything. All that is missing is reported at once.
func (o Options) choose(stack topology.Stack) (programs map[string]program, substitutes []string, err error) {
	var errs []error
	programs = map[string]program{}
	total := 0
	for _, s := range stack.Services {
		total += s.Replicas
		p, substitute, err := o.chooseFor(stack, s)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		programs[s.Name] = p
		if substitute != "" {
			substitutes = append(substitutes, substitute)
		}
	}
	if total > maxReplicas {
		errs = append(errs, fmt.Errorf("%s asks for %d replicas; the local platform runs at most %d processes", stack.File, total, maxReplicas))
	}
	return programs, substitutes, errors.Join(errs...)
}

func (o Options) chooseFor(stack topology.Stack, s topology.Service) (p program, substitute string, err error) {
	l := s.Local
	if l == nil {
		return p, "", fmt.Errorf("%s: service %s does not say how it runs as a process; "+
			"add to it: `x-local: {package: ./path/to/main}` or `x-local: {command: [program, argument]}`", stack.File, s.Name)
	}
	if l.Package != "" {
		return program{local: l}, "", nil
	}
	name := l.Command[0]
	path, missing := find(stack.Dir, name)
	pkg := filepath.Base(name)
	for _, needed := range slices.Sorted(maps.Keys(l.Needs)) {
		if missing != nil {
			break
		}
		if _, missing = find(stack.Dir, needed); missing != nil {
			name, pkg = needed, l.Needs[needed]
		}
	}
	if missing == nil && (!o.ForceSubstitute || l.Substitute == nil) {
		return program{local: l, path: path}, "", nil
	}
	advice := fmt.Sprintf("install it, for example with: apt-get install %s", pkg)
	switch {
	case l.Substitute == nil:
		return p, "", fmt.Errorf("service %s: %s is not installed: %w; %s", s.Name, name, missing, advice)
	case o.NoSubstitute:
		return p, "", fmt.Errorf("service %s: %s is not used and a substitute is refused; %s", s.Name, name, advice)
	}
	why := "is not installed"
	if missing == nil {
		why = "was set aside"
	}
	p = program{local: l.Substitute}
	ran := l.Substitute.Package
	if ran == "" {
		ran = strings.Join(l.Substitute.Command[:1], "")
		if p.path, err = find(stack.Dir, ran); err != nil {
			return p, "", fmt.Errorf("service %s: neither %s nor its substitute %s is installed: %w; %s", s.Name, name, ran, err, advice)
		}
	}
	return p, fmt.Sprintf("%s: %s %s; ran %s (embedded substitute)", s.Name, name, why, ran), nil
}

// find looks a program up: by PATH and where servers are installed, or from
// the Compose file's folder when its name has a slash.
func find(dir, name string) (string, error) {
	tries := []string{name}
	switch {
	case !strings.Contains(name, "/"):
		for _, folder := range systemFolders {
			tries = append(tries, filepath.Join(folder, name))
		}
	case !filepath.IsAbs(name):
		tries[0] = filepath.Join(dir, name)
	}
	var missing error
	for _, try := range tries {
		path, err := exec.LookPath(try)
		if err == nil {
			return filepath.Abs(path)
		}
		if missing == nil {
			missing = err
		}
	}
	return "", missing
}

// systemFolders are not on the PATH of users without privileges, who may run
// what is there all the same.
var systemFolders = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}
