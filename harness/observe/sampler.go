package observe

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"time"

	"gauntlet/harness/history"
)

const (
	sampleEvery = 100 * time.Millisecond
	flushEvery  = time.Second
)

// Options say whose processor time is the run's own.
type Options struct {
	Clock history.Clock
	Label string  // NAME=value in the environment of every process of the run
	More  []Usage // parts of the run that are no such processes
	Blind string  // why the run's own time cannot be told, if so: then others is only what was stolen

	// Aside is NAME=value in the environment of those processes of the run that
	// are no part of the system: what they wait for is nobody's request.
	Aside string
	// Members lists the processes of the system that do not carry the label; nil:
	// there are none.
	Members func() ([]int, error)
	// Bound says whether a quota holds a process back; nil: none does.
	Bound func(pid int) bool
}

// Sampler writes down who uses the host's processors.
type Sampler struct {
	out   *bufio.Writer
	clock history.Clock
	stop  chan struct{}
	done  chan struct{}
	err   error // after done
}

// StartSampler writes a Sample to out every 100 ms until Stop. Where the host
// tells nothing, or not whose time it was, a sample with a Gap says why.
func StartSampler(o Options, out io.Writer) *Sampler {
	s := &Sampler{out: bufio.NewWriter(out), clock: o.Clock, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = errors.Join(s.run(o), s.out.Flush())
	}()
	return s
}

func (s *Sampler) run(o Options) error {
	h, err := here()
	if err != nil {
		return s.gap(err)
	}
	m := newMeter(h, o.Label, o.More)
	m.aside, m.members, m.bound = []byte(o.Aside), o.Members, o.Bound
	if o.Blind != "" {
		m.blind = true
		if err := s.gap(errors.New(o.Blind)); err != nil {
			return err
		}
	}
	return s.sample(m)
}

// Stop ends the sampling, with a last sample until now. Its error says that
// not everything could be written.
func (s *Sampler) Stop() error {
	close(s.stop)
	<-s.done
	return s.err
}

// sample writes samples until stop; a host that stops telling ends them.
func (s *Sampler) sample(m *meter) error {
	last, err := s.read(m)
	if err != nil {
		return s.gap(err)
	}
	own := newStalls()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	flushed := last.at
	for stopped := false; !stopped; {
		select {
		case <-tick.C:
		case <-s.stop:
			stopped = true
		}
		next, err := s.read(m)
		if err != nil {
			return s.gap(err)
		}
		sample, ok := between(last, next)
		if !ok {
			continue
		}
		sample.Pressure = pressure(m.host)
		sample.Waited = int64(next.waits.longest(last.waits))
		ready, pause := own.look()
		sample.Ready, sample.Pause = int64(ready), int64(pause)
		if err := s.write(sample); err != nil {
			return err
		}
		last = next
		if next.at-flushed >= int64(flushEvery) {
			flushed = next.at
			if err := s.out.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Sampler) read(m *meter) (reading, error) {
	r, err := m.read()
	r.at = s.clock.Now()
	return r, err
}

func (s *Sampler) gap(why error) error {
	now := s.clock.Now()
	return s.write(Sample{From: now, At: now, Gap: why.Error()})
}

func (s *Sampler) write(sample Sample) error {
	line, err := json.Marshal(sample)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(line, '\n'))
	return err
}

// pressure is nil on a kernel without it.
func pressure(h host) *float64 {
	text, err := h.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return nil
	}
	p, err := parsePressure(text)
	if err != nil {
		return nil
	}
	return &p
}
