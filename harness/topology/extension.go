package topology

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gauntlet/harness/diagnostic"
)

// The names of our extensions in a Compose file. A misspelt one would be
// ignored by Compose, so everything that begins like one is looked at.
const (
	extensionLocal = "x-local"
	extensionReady = "x-ready"
)

// extensions reads x-local and x-ready of a service into s, which holds its
// ports and volumes already.
func (m *mistakes) extensions(path []string, all map[string]any, s *Service) {
	for _, name := range sortedKeys(all) {
		at := append(slices.Clone(path), name)
		switch name {
		case extensionLocal:
			s.Local = m.local(at, all[name], true)
			m.placeholders(at, s)
		case extensionReady:
			s.Ready = m.ready(at, all[name], len(s.Ports) > 0)
		default:
			if hint := diagnostic.DidYouMean(name, []string{extensionLocal, extensionReady}); strings.HasPrefix(hint, "did you mean") {
				m.add(at, fmt.Sprintf("unknown extension %q", name), hint)
			}
		}
	}
}

// local reads an x-local, or the substitute within one.
func (m *mistakes) local(path []string, value any, substitute bool) *Local {
	known := []string{"package", "command", "args", "env", "needs"}
	if substitute {
		known = append(known, "substitute")
	}
	fields, ok := m.fields(path, value, known)
	if !ok {
		return nil
	}
	l := &Local{
		Package: m.text(path, fields, "package"),
		Command: m.words(path, fields, "command"),
		Args:    m.words(path, fields, "args"),
		Env:     m.mapping(path, fields, "env"),
		Needs:   m.needs(path, fields),
	}
	_, hasPackage := fields["package"]
	_, hasCommand := fields["command"]
	switch {
	case hasPackage && hasCommand:
		m.add(path, "package and command exclude each other", "keep package for a Go program built here, command for an installed one")
	case !hasPackage && !hasCommand:
		m.add(path, "neither package nor command says what to run", "add package: ./path/to/main, or command: [program, argument]")
	case hasPackage && l.Package == "":
		m.add(append(path, "package"), "package is empty", "write the path of a Go main package, as for go build")
	case hasPackage && strings.HasPrefix(l.Package, "-"):
		m.add(append(path, "package"), fmt.Sprintf("%q is not a package", l.Package), "write the path of a Go main package, as for go build")
	case hasCommand && (len(l.Command) == 0 || l.Command[0] == ""):
		m.add(append(path, "command"), "command is empty", "write command: [program, argument]")
	case hasPackage && len(l.Needs) > 0:
		m.add(append(path, "needs"), "needs belong to command: a package is built here", "")
	case hasCommand && len(l.Args) > 0:
		m.add(append(path, "args"), "args belong to package", "write them into command")
	}
	inner, given := fields["substitute"]
	if given && hasPackage {
		m.add(append(path, "substitute"), "a substitute stands in for a command that is not installed; a package is always there", "")
	} else if given {
		l.Substitute = m.local(append(path, "substitute"), inner, false)
	}
	return l
}

// ready reads an x-ready.
func (m *mistakes) ready(path []string, value any, hasPort bool) Ready {
	fields, ok := m.fields(path, value, []string{"http", "send", "expect"})
	if !ok {
		return Ready{}
	}
	r := Ready{HTTP: m.text(path, fields, "http"), Send: m.text(path, fields, "send"), Expect: m.text(path, fields, "expect")}
	switch {
	case len(fields) == 0:
		m.add(path, "x-ready is empty", "write {http: /path} or {send: …, expect: …}, or leave it out: then a connection is enough")
	case r.HTTP != "" && (r.Send != "" || r.Expect != ""):
		m.add(path, "http and send/expect exclude each other", "")
	case r.HTTP != "" && (!strings.HasPrefix(r.HTTP, "/") || strings.ContainsAny(r.HTTP, " \r\n")):
		m.add(append(path, "http"), fmt.Sprintf("%q is not a path", r.HTTP), "write a path that begins with /")
	case r.Send != "" && r.Expect == "":
		m.add(path, "send without expect", "say what the answer must begin with: expect: …")
	}
	if !hasPort {
		m.add(path, "x-ready asks on the service's first port, and it has none", "list the port under ports or expose")
	}
	return r
}

// placeholders checks those of s.Local: right in form, and for a volume that
// the service mounts.
func (m *mistakes) placeholders(path []string, s *Service) {
	s.Local.texts(func(below []string, text string) {
		_, err := Expand(text, func(p Placeholder) (string, error) {
			mounted := slices.ContainsFunc(s.Volumes, func(v Volume) bool { return v.Target == p.Target })
			if p.Kind == PlaceVolume && !mounted {
				return "", fmt.Errorf("service %s mounts no volume at %s", s.Name, p.Target)
			}
			return "", nil
		})
		if err != nil {
			m.add(append(slices.Clone(path), below...), err.Error(), "known here: {port:N}, {volume:/path}, {replica}, {folder}")
		}
	})
}

// fields is value as a mapping whose keys are all known.
func (m *mistakes) fields(path []string, value any, known []string) (map[string]any, bool) {
	fields, ok := value.(map[string]any)
	if !ok {
		m.add(path, fmt.Sprintf("%s is not a mapping", path[len(path)-1]), "its fields are "+strings.Join(known, ", "))
		return nil, false
	}
	for _, name := range sortedKeys(fields) {
		if !slices.Contains(known, name) {
			m.add(append(slices.Clone(path), name), fmt.Sprintf("unknown field %q in %s", name, path[len(path)-1]), diagnostic.DidYouMean(name, known))
		}
	}
	return fields, true
}

func (m *mistakes) text(path []string, fields map[string]any, name string) string {
	value, given := fields[name]
	if !given {
		return ""
	}
	s, err := scalar(value)
	if err != nil {
		m.add(append(slices.Clone(path), name), name+": "+err.Error(), "")
	}
	return s
}

func (m *mistakes) words(path []string, fields map[string]any, name string) []string {
	value, given := fields[name]
	if !given {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		m.add(append(slices.Clone(path), name), name+" is not a list", "write "+name+": [word, word]; no shell takes it apart")
		return nil
	}
	words := make([]string, len(list))
	for i, item := range list {
		var err error
		if words[i], err = scalar(item); err != nil {
			m.add(append(slices.Clone(path), name, strconv.Itoa(i)), name+": "+err.Error(), "")
		}
	}
	return words
}

// mapping reads the field called field, whose values are texts by name.
func (m *mistakes) mapping(path []string, fields map[string]any, field string) map[string]string {
	texts := map[string]string{}
	value, given := fields[field]
	if !given {
		return texts
	}
	mapping, ok := value.(map[string]any)
	if !ok {
		m.add(append(slices.Clone(path), field), field+" is not a mapping", "write "+field+": {NAME: value}")
		return texts
	}
	for _, name := range sortedKeys(mapping) {
		var err error
		if texts[name], err = scalar(mapping[name]); err != nil {
			m.add(append(slices.Clone(path), field, name), name+": "+err.Error(), "")
		}
		if name == "" || strings.ContainsAny(name, "=\x00") {
			m.add(append(slices.Clone(path), field, name), fmt.Sprintf("%q cannot be a name in %s", name, field), "")
		}
	}
	return texts
}

// needs reads the programs that a command starts by itself; one without a
// package is in that of its own name.
func (m *mistakes) needs(path []string, fields map[string]any) map[string]string {
	if _, given := fields["needs"]; !given {
		return nil
	}
	needs := m.mapping(path, fields, "needs")
	for program, in := range needs {
		if in == "" {
			needs[program] = program
		}
	}
	return needs
}

// scalar is a value as the text of a word or a variable.
func scalar(value any) (string, error) {
	switch v := value.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			return "", errors.New("a NUL byte cannot be handed to a process")
		}
		return v, nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	case nil:
		return "", nil
	}
	return "", fmt.Errorf("%v is not a text", value)
}
