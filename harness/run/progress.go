package run

import (
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"gauntlet/harness/load"
)

// teller writes plain progress lines, each with the time since its first.
type teller struct {
	mu    sync.Mutex
	w     io.Writer
	begin time.Time
}

func newTeller(w io.Writer) *teller {
	if w == nil {
		w = io.Discard
	}
	return &teller{w: w, begin: time.Now()}
}

func (t *teller) line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.w, "%6.1fs  %s\n", time.Since(t.begin).Seconds(), fmt.Sprintf(format, args...))
}

// progressEvery is how often the state of the load is told.
const progressEvery = 10 * time.Second

// flushEvery is how often the log is written through, so that a killed run
// keeps all but its last moment.
const flushEvery = time.Second

// watch tells how the load goes and keeps its log on disk, until the returned
// function is called.
func (s *session) watch(a *load.Attack) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		tell, flush := time.NewTicker(progressEvery), time.NewTicker(flushEvery)
		defer tell.Stop()
		defer flush.Stop()
		for {
			select {
			case <-done:
				return
			case <-flush.C:
				s.ops.Flush() // a failure is kept, and returned by Close
			case <-tell.C:
				s.tellLive(a.Live())
			}
		}
	})
	return func() { close(done); wait.Wait() }
}

func (s *session) tellLive(live load.Live) {
	n := live.Recent.Good + live.Recent.Bad
	s.tell.line("%d requests; last %s: %.0f/s, %.2f %% bad, p50 %s, p99 %s", live.Recorded, load.RecentSpan,
		float64(n)/load.RecentSpan.Seconds(), share(live.Recent.Bad, n), round(live.P50), round(live.P99))
}

// round drops the digits that nobody reads.
func round(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

// counted is a number of things: 1 replica, 3 replicas.
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// share is a part of a whole in percent, for progress lines.
func share(part, whole uint64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return 100 * float64(part) / float64(whole)
}
