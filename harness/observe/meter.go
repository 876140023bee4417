package observe

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"gauntlet/harness/procstat"
)

// host is where the meter reads; the real one is /proc.
type host interface {
	ReadFile(name string) ([]byte, error)
	// Processes lists the pids of all processes that may be the run's.
	Processes() ([]int, error)
	// Threads lists the threads of a process.
	Threads(pid int) ([]int, error)
	// Used is the processor time of a living process, its threads included;
	// of pid 0 that of the harness and of all children that it waited for.
	Used(pid int) (time.Duration, error)
}

// Usage is the processor time that a part of the run has used so far. A
// platform whose replicas are no processes of this machine that carry the
// run's label (containers) gives one.
type Usage func() (time.Duration, error)

// reading is the state of the host at an instant. Times are sums since some
// beginning; only differences mean anything.
type reading struct {
	at    int64 // ns since the run's origin
	host  machineTime
	ours  time.Duration // negative: not known
	waits waits
}

// meter adds up the processor time of the run.
//
// A process that ends takes its own time with it, but whoever waits for it
// inherits the sum: harness and living processes are therefore read with what
// they have waited for, and the total stays whole when a replica is killed. A
// process that nobody of the run waits for makes the total fall, and between
// tells no more of that sample.
type meter struct {
	host  host
	blind bool   // what the run uses cannot be told
	label []byte // GAUNTLET_RUN=<id>
	more  []Usage
	known map[int]*acquaintance

	aside   []byte                // in the environment of what is the run's, and no part of the system
	members func() ([]int, error) // processes of the system without the label; nil: none
	bound   func(pid int) bool    // whether a quota holds the process back; nil: none does
}

// acquaintance is what the meter knows of a pid.
type acquaintance struct {
	ours   bool
	beside bool // no part of the system: the echo, a burner
	start  uint64
	looks  int
}

// newMeter counts the harness, every process that carries label in its
// environment, and more.
func newMeter(h host, label string, more []Usage) *meter {
	return &meter{host: h, label: []byte(label), more: more, known: map[int]*acquaintance{}}
}

// read takes a reading, but for its instant.
func (m *meter) read() (r reading, err error) {
	if m.blind {
		r.ours = -1
	} else if r.ours, err = m.ours(); err != nil {
		return r, err
	}
	text, err := m.host.ReadFile("/proc/stat")
	if err != nil {
		return r, err
	}
	if r.host, err = parseMachine(text); err != nil {
		return r, err
	}
	r.waits = m.waits()
	return r, nil
}

// ours is the processor time of the run so far.
func (m *meter) ours() (sum time.Duration, err error) {
	if err := m.meet(); err != nil {
		return 0, err
	}
	// What the harness inherits is read first: a process that is reaped in
	// between is then missing from the total, which shows, and not in it twice.
	if sum, err = m.host.Used(0); err != nil {
		return 0, fmt.Errorf("processor time of the harness: %w", err)
	}
	for pid, a := range m.known {
		if !a.ours {
			continue
		}
		if used, ok := m.process(pid, a); ok {
			sum += used
		} else {
			delete(m.known, pid)
		}
	}
	for _, usage := range m.more {
		used, err := usage()
		if err != nil {
			return 0, fmt.Errorf("processor time of the system: %w", err)
		}
		sum += used
	}
	return sum, nil
}

// process is the time of a process of the run; false when it has ended.
func (m *meter) process(pid int, a *acquaintance) (time.Duration, bool) {
	text, err := m.host.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0, false
	}
	p, err := procstat.Parse(text)
	if err != nil || p.Start != a.start {
		return 0, false
	}
	used, err := m.host.Used(pid)
	return used + p.Waited, err == nil
}

// A new process is looked at in every sample for a while: between fork and
// exec it has its parent's environment, and a replica that comes back is most
// busy in its first moments. Later now and then, for a pid may be used again.
const (
	looksAtOnce = 10
	looksEvery  = 10
)

// meet finds the processes of the run.
func (m *meter) meet() error {
	pids, err := m.host.Processes()
	if err != nil {
		return fmt.Errorf("list the processes: %w", err)
	}
	there := make(map[int]bool, len(pids))
	for _, pid := range pids {
		there[pid] = true
		a := m.known[pid]
		if a == nil {
			a = &acquaintance{}
			m.known[pid] = a
		}
		a.looks++
		if !a.ours && (a.looks <= looksAtOnce || a.looks%looksEvery == 0) {
			m.look(pid, a)
		}
	}
	for pid := range m.known {
		if !there[pid] {
			delete(m.known, pid)
		}
	}
	return nil
}

func (m *meter) look(pid int, a *acquaintance) {
	environment, err := m.host.ReadFile(procFile(pid, "environ"))
	if err != nil || !holds(environment, m.label) {
		return
	}
	text, err := m.host.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return
	}
	if p, err := procstat.Parse(text); err == nil {
		a.ours, a.start, a.beside = true, p.Start, len(m.aside) > 0 && holds(environment, m.aside)
	}
}

// holds says whether NAME=value is in an environment.
func holds(environment, variable []byte) bool {
	for v := range bytes.SplitSeq(environment, []byte{0}) {
		if bytes.Equal(v, variable) {
			return true
		}
	}
	return false
}

func procFile(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// between is the sample from one reading to the next; false when no time has
// passed.
//
//	busy   = cores · elapsed − Δidle − Δsteal
//	others = max(0, busy − Δours) / (cores · elapsed) + Δsteal / (cores · elapsed)
//	free   = Δidle / (cores · elapsed)
//
// Where ours is not known, or has fallen because a process of the run ended
// whose time nobody collected, nobody can tell whose the rest was, and only
// steal counts.
func between(a, b reading) (Sample, bool) {
	elapsed := b.at - a.at
	if elapsed <= 0 || b.host.cores <= 0 {
		return Sample{}, false
	}
	capacity := float64(b.host.cores) * float64(elapsed)
	steal := max(0, float64(b.host.steal-a.host.steal))
	idle := max(0, float64(b.host.idle-a.host.idle))
	busy := capacity - idle - steal
	rest := 0.0
	if ours := b.ours - a.ours; a.ours >= 0 && ours >= 0 && b.ours >= 0 {
		rest = max(0, busy-float64(ours))
	}
	s := Sample{
		From: a.at, At: b.at, Processors: b.host.cores,
		Others: share(rest+steal, capacity), Steal: share(steal, capacity), Free: share(idle, capacity),
	}
	return s, true
}

func share(part, whole float64) float64 { return min(1, max(0, part/whole)) }
