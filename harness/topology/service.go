package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// defaultStopGrace is Compose's own stop_grace_period.
const defaultStopGrace = 10 * time.Second

// service turns one service of compose-go into ours.
func (m *mistakes) service(c types.ServiceConfig) Service {
	path := []string{"services", c.Name}
	s := Service{
		Name: c.Name, Image: c.Image, Build: buildOf(c.Build),
		Command: c.Command, Entrypoint: c.Entrypoint, User: c.User, WorkingDir: c.WorkingDir,
		Env: c.Environment.ToMapping(), Labels: map[string]string(c.Labels),
		Replicas: c.GetScale(), Ports: m.ports(path, c), Volumes: m.volumes(path, c),
		CPUs: cores(float32(c.CPUS)), Memory: int64(c.MemLimit), StopGrace: defaultStopGrace,
	}
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	if c.StopGracePeriod != nil {
		s.StopGrace = time.Duration(*c.StopGracePeriod)
	}
	if c.Deploy != nil && c.Deploy.Resources.Limits != nil {
		s.CPUs = max(s.CPUs, cores(float32(c.Deploy.Resources.Limits.NanoCPUs)))
		s.Memory = max(s.Memory, int64(c.Deploy.Resources.Limits.MemoryBytes))
	}
	for _, name := range sortedKeys(c.DependsOn) {
		condition := c.DependsOn[name].Condition
		if condition == types.ServiceConditionCompletedSuccessfully {
			m.add(within(path, "depends_on", name), fmt.Sprintf("service %s waits for the end of %s, and what ends by itself is started again here", c.Name, name),
				"have the command do that work before it serves")
		}
		s.DependsOn = append(s.DependsOn, Dependency{Service: name, Healthy: condition == types.ServiceConditionHealthy})
	}
	m.leftOut(path, c)
	m.extensions(path, c.Extensions, &s)
	return s
}

// cores undoes compose-go's reading of a decimal fraction into 32 bits: 0.1
// stays 0.1.
func cores(f float32) float64 {
	exact, _ := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	return exact
}

func buildOf(b *types.BuildConfig) *Build {
	if b == nil {
		return nil
	}
	return &Build{Context: b.Context, Dockerfile: b.Dockerfile, Args: b.Args.ToMapping()}
}

// ports is the container ports of a service: the published ones in the order
// of the file, then the exposed ones.
func (m *mistakes) ports(path []string, c types.ServiceConfig) []int {
	var ports []int
	add := func(port int) {
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	for i, p := range c.Ports {
		if p.Protocol != "" && p.Protocol != "tcp" {
			m.add(within(path, "ports", strconv.Itoa(i)), fmt.Sprintf("service %s publishes a port of %s, and gauntlet TCP alone", c.Name, p.Protocol),
				"leave it out: between the services a port need not be published")
			continue
		}
		add(int(p.Target))
	}
	for i, text := range c.Expose {
		first, last, err := portRange(text)
		if err != nil {
			m.add(within(path, "expose", strconv.Itoa(i)), err.Error(), `write a port ("6379") or a range ("8000-8002")`)
			continue
		}
		for port := first; port <= last; port++ {
			add(port)
		}
	}
	return ports
}

// maxExposed bounds a range of exposed ports: each of them gets an address of
// its own for each replica.
const maxExposed = 100

// portRange reads "80", "80/tcp" or "80-82".
func portRange(text string) (first, last int, err error) {
	from, to, isRange := strings.Cut(strings.TrimSuffix(text, "/tcp"), "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || first < 1 || last < first || last > 65535 {
		return 0, 0, fmt.Errorf("%q is not a TCP port", text)
	}
	if last-first >= maxExposed {
		return 0, 0, fmt.Errorf("%q are more than %d ports", text, maxExposed)
	}
	return first, last, nil
}

// volumes is the named volumes. Other mounts are refused: to leave one out in
// silence would test another system than the one described.
func (m *mistakes) volumes(path []string, c types.ServiceConfig) []Volume {
	const advice = "give it a named volume, listed under the file's volumes"
	var volumes []Volume
	for i, v := range c.Volumes {
		at := within(path, "volumes", strconv.Itoa(i))
		switch {
		case v.Type != types.VolumeTypeVolume:
			m.add(at, fmt.Sprintf("service %s mounts a %s at %s, which gauntlet cannot", c.Name, v.Type, v.Target), advice)
		case v.Source == "":
			m.add(at, fmt.Sprintf("service %s has a volume without a name at %s", c.Name, v.Target), advice)
		default:
			if v.Volume != nil {
				m.refuse(within(at, "volume"), "service "+c.Name, *v.Volume, fields{})
			}
			volumes = append(volumes, Volume{Name: v.Source, Target: v.Target, ReadOnly: v.ReadOnly})
		}
	}
	return volumes
}
