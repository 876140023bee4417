package link

import (
	"context"
	"io"
	"net"
	"testing"
	"time"
)

var pair = Pair{Source: Client, Destination: "mapper-1", Port: 8080}

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
