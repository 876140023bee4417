package link

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

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
