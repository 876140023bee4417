package link

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"
)

func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func TestWhatWaitsIsBoundedAndArrives(t *testing.T) {
	p, address := opened(t, echo(t))
	apply(t, p, "cut", Rule{Direction: Backward, Drop: true})
	c := dialled(t, address)
	apply(t, p, "cut", Rule{Direction: Forward, Drop: true})
	sent := noise(3 * Window)
	wrote := make(chan error, 1)
	go func() {
		_, err := c.Write(sent)
		c.CloseWrite()
		wrote <- err
	}()
	eventually(t, "the window is full", func() bool { return counters(t, p).Forward.Withheld >= Window })
	time.Sleep(50 * time.Millisecond) // for more to come, were it taken
	if n := counters(t, p).Forward.Withheld; n > Window+readSize {
		t.Errorf("%d bytes wait", n)
	}
	select {
	case <-wrote:
		t.Error("the sender was not slowed")
	default:
	}
	clearFault(t, p, "cut")
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes came back, %v", len(got), len(sent), err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

func TestRulesMayChangeAtAnyTime(t *testing.T) {
	p, address := opened(t, echo(t))
	// Answered before: who half closes while it is unanswered has given up.
	var answered []*net.TCPConn
	for range 4 {
		c := dialled(t, address)
		c.SetDeadline(time.Now().Add(3 * patience))
		say(t, c, "hello")
		answered = append(answered, c)
	}
	ctx, stop := context.WithCancel(t.Context())
	changed := make(chan struct{})
	go func() {
		defer close(changed)
		rnd := rand.New(rand.NewPCG(9, 9))
		for ctx.Err() == nil {
			rules := []Rule{
				{Delay: time.Duration(rnd.Int64N(3e6)), Jitter: time.Duration(rnd.Int64N(3e6))}, {Rate: 1 + rnd.Int64N(100<<20)},
				{Drop: true}, {Loss: 0.001}, {},
			}
			r := rules[rnd.IntN(len(rules))]
			r.Pair, r.Direction = pair, []Direction{Forward, Backward}[rnd.IntN(2)]
			fault := fmt.Sprint(rnd.IntN(3))
			if _, err := p.Apply(ctx, fault, []Rule{r}); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Duration(rnd.Int64N(2e6)))
		}
		for fault := range 3 {
			p.Clear(ctx, fmt.Sprint(fault))
		}
	}()
	sent := noise(2 << 20)
	got := make(chan []byte, len(answered))
	for _, c := range answered {
		go func() {
			for part := range slices.Chunk(sent, 10_007) {
				c.Write(part)
			}
			c.CloseWrite()
		}()
		go func() {
			all, _ := io.ReadAll(c)
			got <- all
		}()
	}
	time.AfterFunc(time.Second, stop)
	<-changed
	for range cap(got) {
		if all := <-got; !bytes.Equal(all, sent) {
			t.Errorf("%d of %d bytes came back, or others", len(all), len(sent))
		}
	}
	eventually(t, "the connections end", func() bool { return counters(t, p).Open == 0 })
	n := counters(t, p)
	if want := int64(cap(got) * (len(sent) + len("hello"))); n.Forward.Bytes != want || n.Backward.Bytes != want {
		t.Errorf("counted %+v", n)
	}
}

func TestARateIsSharedByAllConnectionsOfALink(t *testing.T) {
	const rate, connections, each = 2 << 20, 4, 256 << 10
	p, address := opened(t, echo(t))
	apply(t, p, "slow", Rule{Direction: Backward, Rate: rate})
	began := time.Now()
	done := make(chan int, connections)
	for range connections {
		c := dialled(t, address)
		go func() {
			c.Write(noise(each))
			c.CloseWrite()
			n, _ := io.Copy(io.Discard, c)
			done <- int(n)
		}()
	}
	for range connections {
		if n := <-done; n != each {
			t.Errorf("%d of %d bytes", n, each)
		}
	}
	least := time.Duration(connections*each-rate/100) * time.Second / rate
	if took := time.Since(began); took < least-time.Millisecond {
		t.Errorf("took %v, less than %v", took, least)
	}
}

func TestIdleConnectionsHoldNoBuffers(t *testing.T) {
	const connections = 300
	p, address := opened(t, destination(t, func(c *net.TCPConn) {
		io.CopyN(io.Discard, c, 200_000)
		c.Write([]byte("k"))
		c.Read(make([]byte, 1))
	}))
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // the pool's, too
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	sent := noise(200_000)
	before := inUse()
	for range connections {
		c := dialled(t, address)
		if _, err := c.Write(sent); err != nil {
			t.Fatal(err)
		}
		hear(t, c, "k")
	}
	if n := counters(t, p).Open; n != connections {
		t.Fatalf("%d connections", n)
	}
	if after := inUse(); after > before && (after-before)/connections > 48<<10 {
		t.Errorf("%d bytes for a connection and both of its ends", (after-before)/connections)
	} else {
		t.Logf("%d bytes for a connection and both of its ends", (after-before)/connections)
	}
}
