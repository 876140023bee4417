package local

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// plan is how one replica runs. It is the same for all its lives.
type plan struct {
	name    string // "mapper-1"
	service string
	index   int // of the replica within its service, from 0
	labels  map[string]string
	ready   topology.Ready
	address string         // of the first port; "" without ports
	ports   map[int]string // container port → host:port
	path    string         // the program
	args    []string       // after the program's name
	env     []string
	grace   time.Duration
}

// layout is where things lie on this machine: the addresses of every replica
// and the folders of the volumes.
type layout struct {
	addresses map[string][]map[int]string // service → replica → container port → host:port
	volumes   map[string]string           // name → folder
	folder    string                      // the Compose file's, absolute: replicas work elsewhere
	links     *links
}

// portsOf is the container ports of a service: those of the Compose file, then
// those that only what runs here has.
func portsOf(s topology.Service, l *topology.Local) ([]int, error) {
	ports := slices.Clone(s.Ports)
	note := func(p topology.Placeholder) (string, error) {
		if p.Kind == topology.PlacePort && !slices.Contains(ports, p.Port) {
			ports = append(ports, p.Port)
		}
		return "", nil
	}
	texts := slices.Concat(l.Command, l.Args)
	for _, name := range slices.Sorted(maps.Keys(l.Env)) {
		texts = append(texts, l.Env[name])
	}
	for _, text := range texts {
		if _, err := topology.Expand(text, note); err != nil {
			return nil, fmt.Errorf("service %s: %w", s.Name, err)
		}
	}
	return ports, nil
}

// place gives every replica its addresses and every volume its folder.
func place(stack topology.Stack, programs map[string]program, volumes string, pick func() (int, error)) (layout, error) {
	folder, err := filepath.Abs(stack.Dir)
	if err != nil {
		return layout{}, fmt.Errorf("the folder of %s: %w", stack.File, err)
	}
	out := layout{addresses: map[string][]map[int]string{}, volumes: map[string]string{}, folder: folder}
	for _, s := range stack.Services {
		ports, err := portsOf(s, programs[s.Name].local)
		if err != nil {
			return out, err
		}
		out.addresses[s.Name] = nil // known, even without a replica
		for range s.Replicas {
			if err := out.addAddresses(s.Name, ports, pick); err != nil {
				return out, err
			}
		}
		for _, v := range s.Volumes {
			out.volumes[v.Name] = filepath.Join(volumes, v.Name)
		}
	}
	return out, nil
}

// addAddresses gives the service's next replica its addresses.
func (w layout) addAddresses(service string, ports []int, pick func() (int, error)) error {
	mine := map[int]string{}
	for _, port := range ports {
		real, err := pick()
		if err != nil {
			return err
		}
		mine[port] = loopback(real)
	}
	w.addresses[service] = append(w.addresses[service], mine)
	return nil
}

// makeVolumes makes the folders of the volumes. All replicas of a service see
// the same one, and it outlives their deaths.
func (w layout) makeVolumes() error {
	for name, folder := range w.volumes {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("volume %s: %w", name, err)
		}
	}
	return nil
}

// plan plans replica i of s, counted from 0, which has its addresses already.
// runID is the label of its processes.
func (w layout) plan(s topology.Service, p program, binary, runID string, i int) (plan, error) {
	if p.path != "" {
		binary = p.path
	}
	r := plan{
		name: s.Name + "-" + strconv.Itoa(i+1), service: s.Name, index: i, labels: s.Labels, ready: s.Ready,
		ports: w.addresses[s.Name][i], path: binary, grace: s.StopGrace,
	}
	if len(s.Ports) > 0 {
		r.address = r.ports[s.Ports[0]]
	}
	words := slices.Concat(p.local.Command, p.local.Args)
	if p.local.Package == "" {
		words = words[1:]
	}
	for _, word := range words {
		expanded, err := topology.Expand(word, w.value(s, r))
		if err != nil {
			return plan{}, fmt.Errorf("%s: %w", r.name, err)
		}
		r.args = append(r.args, expanded)
	}
	var err error
	if r.env, err = w.environment(s, p.local, r, runID); err != nil {
		return plan{}, fmt.Errorf("%s: %w", r.name, err)
	}
	return r, nil
}

// value is what the placeholders of r stand for.
func (w layout) value(s topology.Service, r plan) func(topology.Placeholder) (string, error) {
	return func(p topology.Placeholder) (string, error) {
		switch p.Kind {
		case topology.PlacePort:
			_, port, _ := strings.Cut(r.ports[p.Port], ":")
			return port, nil
		case topology.PlaceReplica:
			return r.name, nil
		case topology.PlaceFolder:
			return w.folder, nil
		case topology.PlaceVolume:
			for _, v := range s.Volumes {
				if v.Target == p.Target {
					return w.volumes[v.Name], nil
				}
			}
			return "", fmt.Errorf("service %s mounts no volume at %s", s.Name, p.Target)
		}
		return "", fmt.Errorf("unknown placeholder %s", p.Kind)
	}
}

// inherited is what a process gets of the harness's own environment; anything
// more would make a run depend on whose shell it was started from.
var inherited = []string{"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "USER"}

// environment is the variables of r, by name: inherited, then the Compose
// file's, then x-local's, with service:port replaced by real addresses, and
// the label over all.
func (w layout) environment(s topology.Service, l *topology.Local, r plan, runID string) ([]string, error) {
	env := map[string]string{}
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			env[name] = value
		}
	}
	own := maps.Clone(s.Env)
	if own == nil {
		own = map[string]string{}
	}
	for name, text := range l.Env {
		value, err := topology.Expand(text, w.value(s, r))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		own[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		value, err := w.connect(own[name], r.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		env[name] = value
	}
	env["HOSTNAME"] = r.name
	env[platform.RunLabel] = runID
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list, nil
}

// connect puts the addresses of all replicas in the place of service:port, or
// those of the links that lead there from source.
func (w layout) connect(value, source string) (string, error) {
	var unknown error
	out := topology.Rewrite(value, func(service string, port int) []string {
		replicas, known := w.addresses[service]
		var found []string
		for n, ports := range replicas {
			if address, ok := w.links.address(source, service, n, port); ok {
				found = append(found, address)
			} else if address, ok := ports[port]; ok {
				found = append(found, address)
			}
		}
		if known && len(found) == 0 {
			unknown = fmt.Errorf("%s:%d is nobody's address: list the port under %s's ports or expose, and ask for at least one replica", service, port, service)
		}
		return found
	})
	return out, unknown
}
