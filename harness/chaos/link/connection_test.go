package link

import (
	"io"
	"net"
	"testing"
	"time"
)

func TestANewConnectionWaitsForItsHandshake(t *testing.T) {
	p, address := opened(t, echo(t))
	const there, back = 10 * time.Millisecond, 20 * time.Millisecond
	apply(t, p, "slow", Rule{Direction: Forward, Delay: there}, Rule{Direction: Backward, Delay: back})
	began := time.Now()
	c := dialled(t, address)
	say(t, c, "first")
	if took := time.Since(began); took < 2*(there+back) {
		t.Errorf("the first answer took %v: less than two round trips", took)
	}
	for range 3 {
		say(t, c, "next")
	}
	n := counters(t, p)
	if n.Forward.Chunks != 4 || n.Backward.Chunks != 4 || n.Forward.Held < 4*there || n.Backward.Held < 4*back {
		t.Errorf("counted %+v", n)
	}
}

func TestWhoResetsWithAFullWindowIsNeverHeardOf(t *testing.T) {
	reached := make(chan struct{}, 9)
	p, address := opened(t, destination(t, func(*net.TCPConn) { reached <- struct{}{} }))
	apply(t, p, "cut", Rule{Direction: Forward, Drop: true})
	c := dialled(t, address)
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		c.Write(noise(4 * Window))
	}()
	eventually(t, "the window is full", func() bool { return counters(t, p).Forward.Withheld >= Window })
	c.SetLinger(0)
	c.Close() // nobody reads that
	<-wrote
	clearFault(t, p, "cut")
	eventually(t, "it is forgotten", func() bool { return counters(t, p).Open == 0 })
	dialled(t, address)
	<-reached
	if len(reached) != 0 {
		t.Error("it reached the destination")
	}
}

func TestWhatWasSaidBeforeBreakingOffArrives(t *testing.T) {
	for name, rule := range map[string]Rule{"straight": {Direction: Backward}, "delayed": {Direction: Backward, Delay: 20 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			p, address := opened(t, destination(t, func(c *net.TCPConn) {
				io.ReadFull(c, make([]byte, 10))
				io.WriteString(c, "too much")
				c.CloseWrite()
				time.Sleep(20 * time.Millisecond) // what is sent meanwhile stays unread, which closing answers with a RST
			}))
			apply(t, p, "f", rule)
			c := dialled(t, address)
			go func() {
				for {
					if _, err := c.Write(noise(10_000)); err != nil {
						return
					}
				}
			}()
			hear(t, c, "too much")
			eventually(t, "both are gone", func() bool { return counters(t, p).Open == 0 })
		})
	}
}
