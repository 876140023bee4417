package truth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gauntlet/targets/mapper/entry"
)

// farRedis is a Redis at a distance. It knows what a mapper's calls ask and
// nothing else, and lives in the time of a synctest bubble: what a test finds is
// the mapper's own doing, however busy the machine is.
type farRedis struct {
	mu       sync.Mutex
	draw     *rand.Rand
	there    [2]time.Duration // mean and jitter of the way to it
	held     time.Time        // what arrives before arrives then
	handover time.Duration    // of a TCP connection
	silent   bool             // nothing arrives any more
	conns    []net.Conn
	dials    int
}

// arrival is when something sent now arrives; bytes stay in order by the caller's
// doing.
func (f *farRedis) arrival() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := time.Now().Add(f.there[0])
	if j := f.there[1]; j > 0 {
		at = at.Add(time.Duration(f.draw.Int64N(int64(2*j))) - j)
	}
	if at.Before(f.held) {
		at = f.held
	}
	return at
}

func (f *farRedis) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *farRedis) isSilent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.silent
}

// dial is a connection to it, after the round trip that TCP takes.
func (f *farRedis) dial(ctx context.Context, _ string) (net.Conn, error) {
	f.mu.Lock()
	wait, silent := f.handover, f.silent
	f.dials++
	f.mu.Unlock()
	if silent {
		wait = connectTimeout
	}
	select {
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	case <-time.After(wait):
	}
	if silent {
		return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
	}
	client, server := net.Pipe()
	f.set(func() { f.conns = append(f.conns, client, server) })
	go f.serve(server)
	return client, nil
}

// cut ends every connection.
func (f *farRedis) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

type command struct {
	args []string
	due  time.Time
}

// serve answers commands in order, each when it has arrived.
func (f *farRedis) serve(conn net.Conn) {
	commands := make(chan command, 4096)
	go func() {
		defer close(commands)
		r := bufio.NewReader(conn)
		for {
			args, err := readCommand(r)
			if err != nil {
				return
			}
			commands <- command{args, f.arrival()}
		}
	}()
	defer conn.Close()
	for c := range commands {
		time.Sleep(time.Until(c.due))
		for f.isSilent() { // TCP sends it again until it arrives
			time.Sleep(time.Millisecond)
		}
		if _, err := io.WriteString(conn, answer(c.args)); err != nil {
			return
		}
	}
}

func answer(args []string) string {
	switch now := time.Now(); strings.ToUpper(args[0]) {
	case "HELLO":
		return "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n"
	case "TIME":
		return fmt.Sprintf("*2\r\n$%d\r\n%d\r\n$%d\r\n%d\r\n", len(strconv.FormatInt(now.Unix(), 10)), now.Unix(),
			len(strconv.Itoa(now.Nanosecond()/1000)), now.Nanosecond()/1000)
	case "GET":
		return "_\r\n"
	case "EVALSHA":
		return fmt.Sprintf(":%d\r\n", now.UnixMicro())
	case "PING":
		return "+PONG\r\n"
	}
	return "+OK\r\n"
}

func readCommand(r *bufio.Reader) ([]string, error) {
	n, err := readSize(r, '*')
	if err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		size, err := readSize(r, '$')
		if err != nil {
			return nil, err
		}
		text := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		args[i] = string(text[:size])
	}
	return args, nil
}

func readSize(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("got %q", line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// at runs a test against a Redis that far away, in a bubble of its own, for
// several seeds.
func at(t *testing.T, mean, jitter time.Duration, test func(t *testing.T, f *farRedis, r *Redis)) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			f := &farRedis{draw: rand.New(rand.NewPCG(seed, 1))}
			r := New(Options{Addr: "far:6379", Node: "a", Log: slog.New(slog.DiscardHandler), Dial: f.dial})
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); r.Run(ctx) }()
			<-r.Tried()
			f.set(func() { f.there, f.handover = [2]time.Duration{mean, jitter}, mean })
			test(t, f, r)
			stop()
			<-done
			r.Close()
			f.cut()
		})
	}
}

// outcomes of writes, some at a time, for so long.
type outcomes struct {
	mu                             sync.Mutex
	stored, unavailable, uncertain int
	longest                        time.Duration
}

func writeFor(t *testing.T, r *Redis, d time.Duration, atOnce int) *outcomes {
	var o outcomes
	var all sync.WaitGroup
	end := time.Now().Add(d)
	for range atOnce {
		all.Go(func() {
			for time.Now().Before(end) {
				start := time.Now()
				_, _, err := r.Write(t.Context(), entry.New("k", "http://x", 0), 0)
				o.mu.Lock()
				o.longest = max(o.longest, time.Since(start))
				switch {
				case err == nil:
					o.stored++
				case errors.Is(err, ErrUnavailable):
					o.unavailable++
				default:
					o.uncertain++
				}
				o.mu.Unlock()
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	all.Wait()
	return &o
}

const (
	farMean, farJitter = 100 * time.Millisecond, 30 * time.Millisecond
	whileFar           = 10 * time.Second
)

// A hundred milliseconds are slowness: every write rests on Redis.
func TestFarIsNotAway(t *testing.T) {
	at(t, farMean, farJitter, func(t *testing.T, f *farRedis, r *Redis) {
		dials := f.dials
		o := writeFor(t, r, whileFar, 10)
		if o.stored < 500 || o.unavailable+o.uncertain > 0 || r.Breaker() != "closed" || f.dials != dials {
			t.Errorf("stored %d, not available for %d, uncertain %d; the breaker is %s, %d connections were made",
				o.stored, o.unavailable, o.uncertain, r.Breaker(), f.dials-dials)
		}
	})
}

// A connection that is lost is made anew, although that takes two round trips
// and a call has the time of one: the breaker stays shut, and no call waits
// longer than it may.
func TestAConnectionIsMadeAnewFromAfar(t *testing.T) {
	at(t, farMean, farJitter, func(t *testing.T, f *farRedis, r *Redis) {
		var o *outcomes
		var all sync.WaitGroup
		all.Go(func() { o = writeFor(t, r, whileFar, 10) })
		all.Go(func() {
			for range 3 {
				time.Sleep(2 * time.Second)
				f.cut()
				lost := time.Now()
				synctest.Wait()
				for !r.Available() {
					if r.Breaker() != "closed" {
						t.Fatal("the breaker opened")
					}
					time.Sleep(time.Millisecond)
				}
				if d := time.Since(lost); d > connectTimeout+Timeout+beatEvery {
					t.Errorf("back after %v", d)
				}
			}
		})
		all.Wait()
		// At each cut the ten that are under way are uncertain.
		if o.stored < 400 || o.uncertain > 30 || o.longest > Timeout {
			t.Errorf("stored %d, uncertain %d, the longest call took %v", o.stored, o.uncertain, o.longest)
		}
	})
}

// When everything stops for a moment ten calls fail together, and that is one
// failure.
func TestAMomentIsNoTrouble(t *testing.T) {
	at(t, farMean, farJitter, func(t *testing.T, f *farRedis, r *Redis) {
		var all sync.WaitGroup
		var o *outcomes
		all.Go(func() { o = writeFor(t, r, whileFar, 10) })
		all.Go(func() {
			for range 4 {
				time.Sleep(2 * time.Second)
				f.set(func() { f.held = time.Now().Add(200 * time.Millisecond) })
			}
		})
		all.Wait()
		if o.uncertain == 0 || o.unavailable > 0 {
			t.Errorf("uncertain %d, not available for %d", o.uncertain, o.unavailable)
		}
	})
}

// What lasts is told within a second, with writers and without.
func TestTroubleIsToldWithinASecond(t *testing.T) {
	for _, writers := range []int{0, 1, 20} {
		at(t, time.Millisecond, 0, func(t *testing.T, f *farRedis, r *Redis) {
			f.set(func() { f.silent = true })
			begun := time.Now()
			var all sync.WaitGroup
			all.Go(func() { writeFor(t, r, 2*time.Second, writers) })
			for r.Available() {
				time.Sleep(time.Millisecond)
			}
			if d := time.Since(begun); d > time.Second {
				t.Errorf("with %d writers: open after %v", writers, d)
			}
			all.Wait()
			f.set(func() { f.silent = false })
			back := time.Now()
			for !r.Available() {
				time.Sleep(time.Millisecond)
			}
			if d := time.Since(back); d > 1200*time.Millisecond {
				t.Errorf("with %d writers: shut %v after the return", writers, d)
			}
		})
	}
}

// A request that drains while the connections are closed is turned away.
func TestAClosedRedisIsUnavailable(t *testing.T) {
	r := New(Options{Addr: "127.0.0.1:1", Node: "a", Log: slog.New(slog.DiscardHandler)})
	r.up.Store(true)
	r.Close()
	if _, err := r.Get(t.Context(), "key"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
