package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"gauntlet/harness/textfile"
)

// Options is what an experiment changes about the system.
type Options struct {
	// Env is merged, by service, over the environment of the Compose file, and
	// over that of x-local too: what the experiment says is said last.
	Env map[string]map[string]string
	// Args are appended, by service, to the command, and to whatever x-local
	// starts instead of it.
	Args map[string][]string
	// Programs are run, by service, in the place of what x-local builds or names;
	// Images in the place of the service's image and of what would build it.
	Programs map[string]string
	Images   map[string]string
}

// UnknownServiceError is an experiment's env or args for a service that the
// Compose file does not have.
type UnknownServiceError struct {
	Field   string // "env" or "args"
	Service string
	File    string   // the Compose file
	Known   []string // the services that it has
}

// Error lists the services that there are.
func (e *UnknownServiceError) Error() string {
	return fmt.Sprintf("target.%s: %s has no service %q; it has %s", e.Field, e.File, e.Service, strings.Join(e.Known, ", "))
}

// maxBytes bounds a Compose file: the parser takes many times its size.
const maxBytes = 1 << 20

// FileError is a Compose file that cannot be read, whatever is in it.
type FileError struct{ Err error }

func (e *FileError) Error() string { return "the Compose file: " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// Load reads the Compose file at path, variables of the environment and of a
// .env file beside it put in, and applies o. Mistakes of the file are
// diagnostics; for o's unknown services the error is an *UnknownServiceError,
// and a *FileError when the file cannot be read at all.
func Load(ctx context.Context, path string, o Options) (Stack, error) {
	text, err := textfile.Read(path, maxBytes)
	if err != nil {
		return Stack{}, &FileError{err}
	}
	src := newSource(path, text)
	project, err := readProject(ctx, path)
	if err != nil {
		if ctx.Err() != nil {
			return Stack{}, ctx.Err()
		}
		return Stack{}, src.explain(err)
	}
	m := &mistakes{source: src}
	stack := Stack{Name: project.Name, File: path, Dir: project.WorkingDir}
	for _, name := range startOrder(project) {
		stack.Services = append(stack.Services, m.service(project.Services[name]))
	}
	for _, name := range sortedKeys(project.Volumes) {
		m.refuse([]string{"volumes", name}, "volume "+name, project.Volumes[name], ofVolume)
	}
	if len(stack.Services) == 0 {
		m.add([]string{"services"}, "the file has no services", "")
	}
	if err := m.list.Err(); err != nil {
		return Stack{}, err
	}
	if err := o.apply(&stack); err != nil {
		return Stack{}, err
	}
	stack.connect()
	return stack, nil
}

// readProject reads a Compose file the way docker compose does.
func readProject(ctx context.Context, path string) (*types.Project, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	options, err := cli.NewProjectOptions([]string{absolute},
		cli.WithWorkingDirectory(filepath.Dir(absolute)), cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

// startOrder is the services by name, each after those that it depends on.
// compose-go has refused cycles already.
func startOrder(project *types.Project) []string {
	var order []string
	var visit func(name string)
	visit = func(name string) {
		s, known := project.Services[name]
		if !known || slices.Contains(order, name) {
			return
		}
		for _, dependency := range sortedKeys(s.DependsOn) {
			visit(dependency)
		}
		order = append(order, name)
	}
	for _, name := range sortedKeys(project.Services) {
		visit(name)
	}
	return order
}

// apply changes stack as the experiment says.
func (o Options) apply(stack *Stack) error {
	var errs []error
	for _, name := range sortedKeys(o.Env) {
		s := stack.service(name)
		if s == nil {
			errs = append(errs, stack.unknown("env", name))
			continue
		}
		maps.Copy(s.Env, o.Env[name])
		for l := s.Local; l != nil; l = l.Substitute {
			maps.DeleteFunc(l.Env, func(key, _ string) bool { _, said := o.Env[name][key]; return said })
		}
	}
	for _, name := range sortedKeys(o.Args) {
		s := stack.service(name)
		if s == nil {
			errs = append(errs, stack.unknown("args", name))
			continue
		}
		s.Command = append(s.Command, o.Args[name]...)
		for l := s.Local; l != nil; l = l.Substitute {
			if l.Package != "" {
				l.Args = append(l.Args, o.Args[name]...)
			} else {
				l.Command = append(l.Command, o.Args[name]...)
			}
		}
	}
	for _, name := range sortedKeys(o.Programs) {
		switch s := stack.service(name); {
		case s == nil:
			errs = append(errs, stack.unknown("service", name))
		case s.Local == nil:
			errs = append(errs, fmt.Errorf("%s: service %s has no x-local: nothing says how a program of it is run", stack.File, name))
		default:
			s.Local.replace(o.Programs[name])
		}
	}
	for _, name := range sortedKeys(o.Images) {
		if s := stack.service(name); s == nil {
			errs = append(errs, stack.unknown("service", name))
		} else {
			s.Image, s.Build = o.Images[name], nil
		}
	}
	return errors.Join(errs...)
}

// replace runs program with the words of l, and no substitute for it.
func (l *Local) replace(program string) {
	words := l.Command
	if l.Package != "" {
		words = append([]string{""}, l.Args...)
	}
	l.Package, l.Args, l.Substitute = "", nil, nil
	l.Command = append([]string{program}, words[1:]...)
}

// connect finds the edges, once the environment is final.
func (s *Stack) connect() {
	known := func(name string) bool { return s.service(name) != nil }
	for i := range s.Services {
		s.Services[i].Edges = edges(s.Services[i].Name, s.Services[i].Env, known)
	}
}

func (s *Stack) service(name string) *Service {
	for i := range s.Services {
		if s.Services[i].Name == name {
			return &s.Services[i]
		}
	}
	return nil
}

func (s *Stack) unknown(field, name string) error {
	e := &UnknownServiceError{Field: field, Service: name, File: s.File}
	for _, service := range s.Services {
		e.Known = append(e.Known, service.Name)
	}
	slices.Sort(e.Known)
	return e
}
