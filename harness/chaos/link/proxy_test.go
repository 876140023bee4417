package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

var pair = Pair{Source: Client, Destination: "mapper-1", Port: 8080}

var (
	_ Control = (*Proxy)(nil)
	_ Edges   = (*Proxy)(nil)
)

// patience bounds what must happen; nothing is asserted about how soon.
const patience = 20 * time.Second

// echo is a destination that sends back what it is sent, until its sender ends.
func echo(t testing.TB) string {
	return destination(t, func(c *net.TCPConn) {
		io.Copy(c, c)
		c.CloseWrite()
	})
}

// destination serves every connection with do, and closes it then.
func destination(t testing.TB, do func(*net.TCPConn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				do(c.(*net.TCPConn))
			}()
		}
	}()
	return l.Addr().String()
}

func opened(t testing.TB, target string) (*Proxy, string) {
	return openedFor(t, Opening{Pair: pair, Listen: "127.0.0.1:0", Target: target})
}

func openedFor(t testing.TB, o Opening) (*Proxy, string) {
	p := New(1)
	t.Cleanup(p.Close)
	address, err := p.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p, address
}

func dialled(t testing.TB, address string) *net.TCPConn {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

func apply(t testing.TB, p Control, fault string, rules ...Rule) Applied {
	for i := range rules {
		rules[i].Pair = pair
	}
	a, err := p.Apply(context.Background(), fault, rules)
	if err != nil {
		t.Fatal(err)
	}
	if a.Until.Before(a.From) {
		t.Fatalf("applied until %v, before %v", a.Until, a.From)
	}
	return a
}

func clearFault(t testing.TB, p Control, fault string) {
	if _, err := p.Clear(context.Background(), fault); err != nil {
		t.Fatal(err)
	}
}

func counters(t testing.TB, p Control) Counters {
	all, err := p.Counters(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all[pair]
}

// eventually waits until is is true.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// say sends text and expects it back.
func say(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	hear(t, c, text)
}

func hear(t testing.TB, c net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatalf("instead of %q: %v", text, err)
	}
	if string(got) != text {
		t.Fatalf("got %q, sent %q", got, text)
	}
}

func TestBytesPassUnchanged(t *testing.T) {
	sent := make([]byte, 3<<20)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range sent {
		sent[i] = byte(rnd.Uint32())
	}
	for name, rules := range map[string][]Rule{
		"no rule":    nil,
		"delay":      {{Direction: Forward, Delay: 2 * time.Millisecond, Jitter: time.Millisecond}, {Direction: Backward, Delay: time.Millisecond}},
		"rate":       {{Direction: Forward, Rate: 30 << 20}},
		"everything": {{Direction: Backward, Delay: time.Millisecond, Rate: 50 << 20, Loss: 0.0001}},
	} {
		t.Run(name, func(t *testing.T) {
			p, address := opened(t, echo(t))
			apply(t, p, "f", rules...)
			c := dialled(t, address)
			c.SetDeadline(time.Now().Add(3 * patience))
			go func() {
				c.Write(sent)
				c.CloseWrite()
			}()
			got, err := io.ReadAll(c)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, sent) {
				t.Fatalf("%d bytes came back of %d, or others", len(got), len(sent))
			}
			eventually(t, "the connection ends", func() bool { return counters(t, p).Open == 0 })
			n := counters(t, p)
			if want := int64(len(sent)); n.Forward.Bytes != want || n.Backward.Bytes != want || n.Accepted != 1 || n.Failed != 0 {
				t.Errorf("counted %+v", n)
			}
			if name == "no rule" && (n.Forward.Delayed != 0 || n.Backward.Delayed != 0) {
				t.Errorf("without a rule %+v", n)
			}
		})
	}
}

func TestRulesTakeEffectOnExistingConnections(t *testing.T) {
	p, address := opened(t, echo(t))
	c := dialled(t, address)
	say(t, c, "before")
	const delay = 50 * time.Millisecond
	apply(t, p, "slow", Rule{Direction: Backward, Delay: delay})
	began := time.Now()
	say(t, c, "slow")
	if took := time.Since(began); took < delay {
		t.Errorf("took %v under a delay of %v", took, delay)
	}
	clearFault(t, p, "slow")
	say(t, c, "after")
	n := counters(t, p)
	if n.Backward.Delayed != int64(len("slow")) || n.Backward.Chunks != 1 || n.Backward.Held < delay || n.Forward.Delayed != 0 {
		t.Errorf("counted %+v", n)
	}
}

func TestDropIsSilenceUntilItEnds(t *testing.T) {
	for _, d := range []Direction{Forward, Backward} {
		t.Run(string(d), func(t *testing.T) {
			p, address := opened(t, echo(t))
			c := dialled(t, address)
			say(t, c, "before")
			apply(t, p, "cut", Rule{Direction: d, Drop: true})
			if _, err := c.Write([]byte("held")); err != nil {
				t.Fatal(err)
			}
			fresh := dialled(t, address)
			if _, err := fresh.Write([]byte("new")); err != nil {
				t.Fatal(err)
			}
			side := func() Stream {
				if n := counters(t, p); d == Forward {
					return n.Forward
				} else {
					return n.Backward
				}
			}
			eventually(t, "bytes are withheld and a connection unanswered", func() bool { s := side(); return s.Withheld >= 4 && s.Refused == 1 })
			for _, silent := range []net.Conn{c, fresh} {
				silent.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
				if n, err := silent.Read(make([]byte, 9)); !errors.Is(err, syscall.ETIMEDOUT) && !isTimeout(err) {
					t.Fatalf("read %d bytes, %v", n, err)
				}
				silent.SetReadDeadline(time.Now().Add(patience))
			}
			clearFault(t, p, "cut")
			hear(t, c, "held")
			hear(t, fresh, "new")
			say(t, c, "after")
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestWhoGivesUpUnansweredIsNeverHeardOf(t *testing.T) {
	reached := make(chan struct{}, 9)
	p, address := opened(t, destination(t, func(*net.TCPConn) { reached <- struct{}{} }))
	apply(t, p, "cut", Rule{Direction: Backward, Drop: true})
	c := dialled(t, address)
	eventually(t, "it is unanswered", func() bool { return counters(t, p).Backward.Refused == 1 })
	c.Close()
	eventually(t, "it is forgotten", func() bool { return counters(t, p).Open == 0 })
	clearFault(t, p, "cut")
	dialled(t, address)
	<-reached
	if len(reached) != 0 || counters(t, p).Accepted != 2 {
		t.Errorf("%d more connections reached the destination", len(reached))
	}
}

func TestRejectResetsAndRefuses(t *testing.T) {
	p, address := opened(t, echo(t))
	c := dialled(t, address)
	say(t, c, "before")
	apply(t, p, "no", Rule{Direction: Backward, Reject: true})
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("an existing connection: %v", err)
	}
	if _, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v", err)
	}
	if l, err := net.Listen("tcp", address); err == nil {
		l.Close()
		t.Error("somebody else could take the port")
	}
	if n := counters(t, p); n.Backward.Reset != 1 || n.Open != 0 {
		t.Errorf("counted %+v", n)
	}
	clearFault(t, p, "no")
	say(t, dialled(t, address), "after")
}

func TestResetBreaksOffOnce(t *testing.T) {
	p, address := opened(t, echo(t))
	c := dialled(t, address)
	say(t, c, "before")
	apply(t, p, "reset", Rule{Direction: Forward, Reset: true})
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("an existing connection: %v", err)
	}
	c = dialled(t, address)
	say(t, c, "new")
	apply(t, p, "another", Rule{Direction: Forward, Delay: time.Microsecond})
	say(t, c, "still")
	if n := counters(t, p); n.Forward.Reset != 1 {
		t.Errorf("counted %+v", n)
	}
}

func TestRulesOfSeveralFaultsCombine(t *testing.T) {
	p, address := opened(t, echo(t))
	c := dialled(t, address)
	apply(t, p, "one", Rule{Direction: Forward, Delay: 20 * time.Millisecond})
	apply(t, p, "two", Rule{Direction: Forward, Delay: 30 * time.Millisecond}, Rule{Direction: Backward, Delay: 10 * time.Millisecond})
	began := time.Now()
	say(t, c, "slow")
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("took %v", took)
	}
	clearFault(t, p, "one")
	clearFault(t, p, "one")
	n := counters(t, p).Forward.Held
	say(t, c, "faster")
	if held := counters(t, p).Forward.Held - n; held < 30*time.Millisecond {
		t.Errorf("the fault that stays holds for %v", held)
	}
}

func TestEndsArePassedOn(t *testing.T) {
	for name, rule := range map[string]Rule{"straight": {}, "delayed": {Delay: 5 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			half := make(chan error, 1)
			p, address := opened(t, destination(t, func(c *net.TCPConn) {
				_, err := io.ReadAll(c)
				half <- err
				c.Write([]byte("still here"))
				if _, err := c.Read(make([]byte, 1)); err != io.EOF {
					half <- err
				}
			}))
			for _, d := range []Direction{Forward, Backward} {
				rule.Direction = d
				apply(t, p, string(d), rule)
			}
			c := dialled(t, address)
			c.CloseWrite()
			if err := <-half; err != nil {
				t.Fatalf("half closed: %v", err)
			}
			if got, err := io.ReadAll(c); err != nil || string(got) != "still here" {
				t.Errorf("after a half close %q, %v", got, err)
			}

			c = dialled(t, address)
			c.Write([]byte("x"))
			eventually(t, "it is connected", func() bool { return counters(t, p).Forward.Bytes > 0 })
			c.SetLinger(0)
			c.Close()
			if err := <-half; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("a reset comes as %v", err)
			}
			eventually(t, "both are gone", func() bool { return counters(t, p).Open == 0 })
		})
	}
}

func TestADestinationThatRefusesResetsTheSource(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	l.Close()
	p, address := opened(t, gone)
	c, err := net.Dial("tcp", address) // which may see the reset already
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the source sees %v", err)
	}
	if n := counters(t, p); n.Failed != 1 {
		t.Errorf("counted %+v", n)
	}
	if err := p.Retarget(t.Context(), pair, echo(t)); err != nil {
		t.Fatal(err)
	}
	say(t, dialled(t, address), "found")
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	target := echo(t)
	before := runtime.NumGoroutine()
	p := New(1)
	address, err := p.Open(t.Context(), Opening{Pair: pair, Listen: "127.0.0.1:0", Target: target})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		say(t, dialled(t, address), "hello")
	}
	apply(t, p, "mixed", Rule{Direction: Forward, Delay: time.Hour}, Rule{Direction: Backward, Drop: true})
	waiting := dialled(t, address)
	waiting.Write([]byte("never passed on"))
	eventually(t, "it waits", func() bool { return counters(t, p).Backward.Refused == 1 })
	p.Close()
	if _, err := waiting.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("a waiting connection: %v", err)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("it still listens")
	}
	eventually(t, "every goroutine has ended", func() bool { return runtime.NumGoroutine() <= before })
	if _, err := p.Apply(t.Context(), "late", nil); err == nil {
		t.Error("a closed proxy applies rules")
	}
}

func TestRulesThatCannotBeDoneChangeNothing(t *testing.T) {
	p, address := opened(t, echo(t))
	for name, bad := range map[string]Rule{
		"unknown link":   {Pair: Pair{"a", "b", 1}, Direction: Forward},
		"no direction":   {Pair: pair, Delay: time.Second},
		"negative delay": {Pair: pair, Direction: Forward, Delay: -1},
		"loss above 1":   {Pair: pair, Direction: Forward, Loss: 1.1},
		"jitter of days": {Pair: pair, Direction: Forward, Jitter: 48 * time.Hour},
		"HTTP on bytes":  {Pair: pair, Direction: Forward, HTTP: &HTTP{Abort: true}},
	} {
		if _, err := p.Apply(t.Context(), "bad", []Rule{{Pair: pair, Direction: Forward, Drop: true}, bad}); err == nil {
			t.Errorf("%s: applied", name)
		}
	}
	say(t, dialled(t, address), "nothing happened")
}
