// Package procstat reads /proc/PID/stat, what Linux tells of a process: see
// proc(5), whose numbers of fields these are.
package procstat

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// Tick is the unit of times in /proc: USER_HZ is 100 on every Linux that Go
// runs on.
const Tick = 10 * time.Millisecond

// Stat is what gauntlet needs of it.
type Stat struct {
	State  byte          // field 3: R, S or D of one that runs, T stopped, Z and X ended
	Group  int           // field 5: its process group
	Waited time.Duration // fields 16 and 17: processor time of its children that ended and were waited for, theirs included
	Start  uint64        // field 22: in ticks since boot; with the pid it names one process
}

// Lives says whether it has not ended: a process that nobody has waited for is
// still there.
func (s Stat) Lives() bool { return s.State != 'Z' && s.State != 'X' }

// Read reads that of a process; an error for which errors.Is(err,
// fs.ErrNotExist) says that there is none of that pid.
func Read(pid int) (Stat, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Stat{}, err
	}
	return Parse(text)
}

// Parse reads the text of the file. The second field is the program's name in
// brackets and can hold blanks and brackets, so fields are counted from the
// last closing one.
func Parse(text []byte) (Stat, error) {
	at := bytes.LastIndexByte(text, ')')
	f := strings.Fields(string(text[at+1:]))
	if at < 0 || len(f) < 20 || len(f[0]) != 1 || f[0] < "A" || f[0] > "z" {
		return Stat{}, fmt.Errorf("cannot read the state of a process: %q", text)
	}
	group, err1 := strconv.Atoi(f[2])
	user, err2 := Ticks(f[13])
	system, err3 := Ticks(f[14])
	start, err4 := strconv.ParseUint(f[19], 10, 64)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return Stat{}, fmt.Errorf("cannot read the state of a process: %w", err)
	}
	return Stat{State: f[0][0], Group: group, Waited: user + system, Start: start}, nil
}

// Ticks reads a time in ticks.
func Ticks(text string) (time.Duration, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (n < 0 || n > math.MaxInt64/int64(4*Tick)) {
		err = fmt.Errorf("%s ticks", text)
	}
	return time.Duration(n) * Tick, err
}
