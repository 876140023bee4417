package link

import (
	"io"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkAccuracy measures, on real sockets, what comes of a fault against
// what was asked: the delay beyond the round trip without a fault, the spread of
// a jitter, and a rate. Run it with -benchtime=1x.
func BenchmarkAccuracy(b *testing.B) {
	server := started(b, "server", "")
	for range b.N {
		var worst, worst99 time.Duration
		for _, delay := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond} {
			p50, p99 := delayError(b, server, delay)
			b.Logf("delay %v: median %+v, 99th percentile %+v", delay, p50, p99)
			worst, worst99 = max(worst, p50.Abs()), max(worst99, p99.Abs())
		}
		var jitter, rate float64
		for _, j := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond} {
			middle, spread := jitterError(b, server, 30*time.Millisecond, j)
			b.Logf("delay 30ms ± %v: median %+.2f ms, spread %+.1f %%", j, middle/1e6, 100*spread)
			jitter = max(jitter, math.Abs(spread))
		}
		for _, r := range []int64{100_000, 1_000_000, 10_000_000, 50_000_000} {
			e := rateError(b, r)
			b.Logf("rate %d B/s: %+.2f %%", r, 100*e)
			rate = max(rate, math.Abs(e))
		}
		b.ReportMetric(float64(worst)/1e6, "delay-error-ms")
		b.ReportMetric(float64(worst99)/1e6, "delay-error-p99-ms")
		b.ReportMetric(100*jitter, "jitter-error-%")
		b.ReportMetric(100*rate, "rate-error-%")
	}
	b.ReportMetric(0, "ns/op")
}

// delayError is by how much the median and the 99th percentile of a round trip
// miss delay, beyond the median without it.
func delayError(b *testing.B, server string, delay time.Duration) (p50, p99 time.Duration) {
	p, address := opened(b, server)
	floor := exchanges(b, address, 1000)
	slices.Sort(floor)
	apply(b, p, "delay", Rule{Direction: Backward, Delay: delay})
	all := exchanges(b, address, max(50, int(2*time.Second/delay)))[1:] // the first waits for its handshake
	slices.Sort(all)
	asked := floor[len(floor)/2] + delay
	return all[len(all)/2] - asked, all[len(all)*99/100] - asked
}

// jitterError is by how much the median misses delay, in ns, and what lies
// between the tenth and the ninetieth percentile misses that of the jitter, as a
// share of it: 1.6 jitters, as it is uniform. (A standard deviation would
// measure the few moments in which the machine does something else.)
func jitterError(b *testing.B, server string, delay, jitter time.Duration) (middle, spread float64) {
	p, address := opened(b, server)
	floor := exchanges(b, address, 1000)
	slices.Sort(floor)
	apply(b, p, "jitter", Rule{Direction: Forward, Delay: delay, Jitter: jitter})
	var mu sync.Mutex
	var late []float64
	var all sync.WaitGroup
	for range 10 { // connections draw by themselves
		all.Go(func() {
			for _, took := range exchanges(b, address, 301)[1:] {
				mu.Lock()
				late = append(late, float64(took-floor[len(floor)/2]))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(late)
	n := len(late)
	return late[n/2] - float64(delay), (late[n*9/10]-late[n/10])/(1.6*float64(jitter)) - 1
}

// rateError is by how much what goes through misses rate, as a share of it.
func rateError(b *testing.B, rate int64) float64 {
	p, address := opened(b, destination(b, func(c *net.TCPConn) {
		for {
			if _, err := c.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	apply(b, p, "rate", Rule{Direction: Backward, Rate: rate})
	c := dialled(b, address)
	c.SetDeadline(time.Now().Add(patience))
	// What the bucket let through at first is left out.
	if _, err := io.CopyN(io.Discard, c, rate/10); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if _, err := io.CopyN(io.Discard, c, 2*rate); err != nil {
		b.Fatal(err)
	}
	return 2/time.Since(began).Seconds() - 1
}
