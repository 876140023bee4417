package link

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

var (
	_ Control = (*Proxy)(nil)
	_ Edges   = (*Proxy)(nil)
)

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
