package local

import (
	"sync"
	"syscall"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/procstat"
)

const (
	// dutyPeriod is over how long the use is added up, as the kernel's quota does.
	dutyPeriod = 100 * time.Millisecond
	// dutyLook is how often it is looked at: what a process uses beyond its share
	// until then is taken off the next one.
	dutyLook = 5 * time.Millisecond
)

// duty is a brake that needs no privilege: in each period the process is
// stopped as soon as it has used its share. It is coarse, and every client of
// the process sees it stand still; its processes are children of this one, and
// die with it stopped or not.
type duty struct {
	cores float64
	stop  chan struct{}
	done  chan struct{}

	mu    sync.Mutex
	life  *life
	times int64
	total time.Duration
}

func newDuty(cores float64) (brake, error) {
	d := &duty{cores: cores, stop: make(chan struct{}), done: make(chan struct{})}
	go d.run()
	return d, nil
}

func (d *duty) take(l *life) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.life = l
	return nil
}

func (d *duty) throttling(*life) (platform.Throttling, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return platform.Throttling{How: "stopping it in turns", Cores: d.cores, Times: d.times, Total: d.total}, nil
}

func (d *duty) release() error {
	select {
	case <-d.stop:
	default:
		close(d.stop)
	}
	<-d.done
	return nil
}

// run brakes period after period until it is stopped.
func (d *duty) run() {
	defer close(d.done)
	var over time.Duration
	for {
		d.mu.Lock()
		l := d.life
		d.mu.Unlock()
		var more bool
		if over, more = d.period(l, over); !more {
			return
		}
	}
}

// period is one period: over is what was used too much in the one before.
func (d *duty) period(l *life, over time.Duration) (next time.Duration, more bool) {
	end := time.Now().Add(dutyPeriod)
	if l == nil {
		return 0, d.wait(time.Until(end))
	}
	begin, err := processTime(l.pid)
	if err != nil { // it ended: the next one is taken when it begins
		return 0, d.wait(time.Until(end))
	}
	share := time.Duration(d.cores*float64(dutyPeriod)) - over
	for time.Now().Before(end) {
		now, err := processTime(l.pid)
		if err != nil {
			return 0, d.wait(time.Until(end))
		}
		if used := now - begin; used >= share {
			return used - share, d.hold(l, end)
		}
		if !d.wait(min(dutyLook, time.Until(end))) {
			return 0, false
		}
	}
	return 0, true
}

// hold stops the process until end. It is never left stopped.
func (d *duty) hold(l *life, end time.Time) bool {
	from := time.Now()
	l.send(syscall.SIGSTOP)
	defer l.send(syscall.SIGCONT)
	more := d.wait(time.Until(end))
	s, err := procstat.Read(l.pid)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && s.State == 'T' { // it stands still, as the kernel says
		d.times++
		d.total += time.Since(from)
	}
	return more
}

// wait is false when the brake is taken off.
func (d *duty) wait(t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.stop:
		return false
	}
}
