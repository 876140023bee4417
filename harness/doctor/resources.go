package doctor

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Few ports are looked at, spread over the range: looking at all of them
// would take each of them from others for a moment.
const portSample = 200

func lookPorts(_ context.Context, m Machine, n Needs) finding {
	span := n.LastPort - n.FirstPort + 1
	if span < 1 {
		return finding{state: Missing, found: fmt.Sprintf("there is no port between %d and %d", n.FirstPort, n.LastPort)}
	}
	sample, free := min(portSample, span), 0
	for i := range sample {
		if m.PortFree(n.FirstPort + i*span/sample) {
			free++
		}
	}
	found := fmt.Sprintf("%d–%d: %d of %d looked at are free", n.FirstPort, n.LastPort, free, sample)
	switch {
	case free == 0:
		return finding{state: Missing, found: found}
	case free*2 < sample:
		return finding{state: Warn, found: found}
	}
	return finding{state: OK, found: found}
}

const (
	mebi = 1 << 20
	gibi = 1 << 30
	// A request is some 50 bytes of log; ten minutes at 4,000/s, the logs of
	// the replicas (bounded at 64 MiB each) and the volumes are below half of this.
	diskGood = 2 * gibi
	// The default load of two minutes with logs and volumes.
	diskLeast = 256 * mebi
)

func lookDisk(_ context.Context, m Machine, n Needs) finding {
	if err := m.Writable(n.Out); err != nil {
		return finding{Missing, err.Error(), "choose another folder with --out"}
	}
	free, err := m.DiskFree(n.Out)
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	return atLeastBytes(free, diskLeast, diskGood, fmt.Sprintf("%s free at %s", size(free), n.Out))
}

const (
	// What the harness opens beside its connections: logs, and the
	// files and pipes of its replicas.
	otherFiles = 1024
	// A connection through an edge proxy: the worker's end, and both of the
	// proxy's, which lives in the harness on the local platform.
	filesPerWorker = 3
	// The load that an experiment has by default: 1.1 · 1000/s · 2 s.
	defaultWorkers = 2200
)

func lookOpenFiles(_ context.Context, m Machine, n Needs) finding {
	limit, err := m.OpenFiles()
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	need := uint64(filesPerWorker*n.Workers + otherFiles)
	switch {
	case limit == math.MaxUint64:
		return finding{state: OK, found: "no limit"}
	case limit >= need:
		return finding{state: OK, found: fmt.Sprintf("%d; %d workers through edge proxies need %d", limit, n.Workers, need)}
	case limit < defaultWorkers+otherFiles:
		return finding{state: Missing, found: fmt.Sprintf("%d; the default load (%d workers) needs %d", limit, defaultWorkers, defaultWorkers+otherFiles)}
	}
	return finding{state: Warn, found: fmt.Sprintf("%d is enough for %d workers, or for %d through edge proxies",
		limit, min(uint64(n.Workers), limit-otherFiles), (limit-otherFiles)/filesPerWorker)}
}

// processesGood is for some replicas with a thread for each core and each
// blocked system call, and a parallel build.
const processesGood = 1024

func lookProcesses(_ context.Context, m Machine, _ Needs) finding {
	limit, err := m.Processes()
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	by := "of this user"
	// A container's own limit is in its cgroup (version 2 shows it here).
	if text, err := m.ReadFile("/sys/fs/cgroup/pids.max"); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil && n < limit {
			limit, by = n, "of this container"
		}
	}
	switch {
	case limit == math.MaxUint64:
		return finding{state: OK, found: "no limit"}
	case limit < processesGood:
		return finding{state: Warn, found: fmt.Sprintf("at most %d processes and threads %s", limit, by)}
	}
	return finding{state: OK, found: fmt.Sprintf("%d %s", limit, by)}
}

const (
	// 4,096 workers take some 200 MB; the reference system with 10⁵ entries as
	// much again.
	memoryGood  = gibi
	memoryLeast = 256 * mebi
)

func lookMemory(ctx context.Context, m Machine, _ Needs) finding {
	if m.OS == "darwin" {
		text, _, err := m.Run(ctx, "sysctl", "-n", "hw.memsize")
		total, e := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
		if err != nil || e != nil {
			return finding{state: Unknown, found: "the system does not tell", advice: "see Activity Monitor"}
		}
		return atLeastBytes(total, memoryLeast, memoryGood, size(total)+" altogether")
	}
	text, err := m.ReadFile("/proc/meminfo")
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	available, total, err := parseMeminfo(string(text))
	if err != nil {
		return finding{state: Unknown, found: err.Error()}
	}
	return atLeastBytes(available, memoryLeast, memoryGood, fmt.Sprintf("%s available of %s", size(available), size(total)))
}

// parseMeminfo reads /proc/meminfo, see proc(5).
func parseMeminfo(text string) (available, total uint64, err error) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, e := strconv.ParseUint(f[1], 10, 54)
		switch {
		case e != nil:
		case f[0] == "MemAvailable:":
			available = kib << 10
		case f[0] == "MemTotal:":
			total = kib << 10
		}
	}
	if total == 0 || available > total {
		return 0, 0, fmt.Errorf("/proc/meminfo does not tell the memory")
	}
	return available, total, nil
}

// atLeastBytes is Missing below least and Warn below good.
func atLeastBytes(have, least, good uint64, found string) finding {
	switch {
	case have < least:
		return finding{state: Missing, found: fmt.Sprintf("%s; a run needs %s", found, size(least))}
	case have < good:
		return finding{state: Warn, found: fmt.Sprintf("%s; %s are enough for long runs", found, size(good))}
	}
	return finding{state: OK, found: found}
}

// size shows a size with a binary unit.
func size(n uint64) string {
	if n < gibi {
		return fmt.Sprintf("%d MiB", n/mebi)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/gibi)
}
