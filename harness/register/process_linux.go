package register

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is one life of a pid.
type process struct {
	pid   int
	start uint64
}

// StartTime is when a process was started, in clock ticks since boot (field 22
// of /proc/PID/stat, proc(5)). Together with the pid it names one process.
func StartTime(pid int) (uint64, error) {
	start, _, err := readStat(pid)
	return start, err
}

// readStat reads the start time and the state from /proc/PID/stat.
func readStat(pid int) (start uint64, state byte, err error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err == nil {
		start, state, err = parseStat(b)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("start time of process %d: %w", pid, err)
	}
	return start, state, nil
}

// parseStat reads a /proc/PID/stat. The second field is the program's name in
// brackets and can hold blanks and brackets, so fields are counted from the last
// closing one.
func parseStat(text []byte) (start uint64, state byte, err error) {
	at := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[at+1:]))
	if at < 0 || len(fields) < 20 || len(fields[0]) != 1 || fields[0] < "A" || fields[0] > "z" {
		return 0, 0, fmt.Errorf("cannot read the state of a process %q", text)
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return start, fields[0][0], err
}

// alive tells whether exactly this process runs. A zombie does not.
func alive(pid int, start uint64) bool {
	now, state, err := readStat(pid)
	return err == nil && now == start && state != 'Z' && state != 'X'
}

// kill sends SIGKILL to exactly this process. os.FindProcess holds a pidfd, so
// that once the start time was found to agree the pid cannot become another's
// before the signal.
func (p process) kill() error {
	h, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	defer h.Release()
	if !alive(p.pid, p.start) {
		return os.ErrProcessDone
	}
	return h.Signal(syscall.SIGKILL)
}

// labelled lists this user's living processes, but for this one, whose
// environment holds exactly the entry label.
func labelled(label string) []process {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []process
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() || !ours(d) {
			continue
		}
		start, state, err := readStat(pid)
		if err != nil || state == 'Z' || state == 'X' {
			continue
		}
		env, err := os.ReadFile("/proc/" + d.Name() + "/environ")
		if err == nil && slices.Contains(strings.Split(string(env), "\x00"), label) {
			found = append(found, process{pid: pid, start: start})
		}
	}
	return found
}

// ours tells whether a folder of /proc belongs to this user.
func ours(d os.DirEntry) bool {
	info, err := d.Info()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// bootID names this boot of the machine, "" where the kernel does not tell.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return strings.TrimSpace(string(b))
}
