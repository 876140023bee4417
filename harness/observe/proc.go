package observe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gauntlet/harness/procstat"
)

// machineTime is what /proc/stat tells: sums over all processors since boot.
type machineTime struct {
	cores int
	idle  time.Duration // iowait is part of it: a processor that waits for a disk is free
	steal time.Duration // the hypervisor ran something else while we had work
}

// parseMachine reads /proc/stat (proc(5)). Busy time is not read but follows
// as what is neither idle nor stolen: on kernels that account by ticks busy is
// only sampled, a few times in 100 ms, while idle is measured to the
// nanosecond.
func parseMachine(text []byte) (m machineTime, err error) {
	found := false
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || !strings.HasPrefix(f[0], "cpu"):
			continue
		case f[0] != "cpu":
			m.cores++
			continue
		case len(f) < 9: // steal came with Linux 2.6.11
			return m, fmt.Errorf("/proc/stat: %q has no steal", strings.TrimSpace(line))
		}
		idle, err1 := procstat.Ticks(f[4])
		wait, err2 := procstat.Ticks(f[5])
		steal, err3 := procstat.Ticks(f[8])
		if err := errors.Join(err1, err2, err3); err != nil {
			return m, fmt.Errorf("/proc/stat: %w", err)
		}
		m.idle, m.steal, found = idle+wait, steal, true
	}
	if !found || m.cores == 0 {
		return m, errors.New("/proc/stat names no processor")
	}
	return m, nil
}

// parsePressure reads the line "some avg10=1.53 …" of /proc/pressure/cpu: the
// share of the last ten seconds in which something waited for a processor, in
// [0, 1].
func parsePressure(text []byte) (float64, error) {
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "some" {
			continue
		}
		avg10, err := strconv.ParseFloat(strings.TrimPrefix(f[1], "avg10="), 64)
		if err == nil && avg10 >= 0 && avg10 <= 100 {
			return avg10 / 100, nil
		}
	}
	return 0, fmt.Errorf("/proc/pressure/cpu cannot be read: %q", text)
}
