package redistest

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Delay is how late bytes arrive: Mean ± Jitter, evenly spread. Bytes stay in
// order.
type Delay struct{ Mean, Jitter time.Duration }

func (d Delay) draw() time.Duration {
	if d.Jitter <= 0 {
		return d.Mean
	}
	return d.Mean - d.Jitter + rand.N(2*d.Jitter)
}

// Proxy stands between a mapper and something else, as a bad network does. It
// ends with the test.
type Proxy struct {
	Addr   string
	target string

	mu       sync.Mutex
	to, from Delay
	healed   chan struct{} // closed while bytes pass
	conns    []net.Conn
}

// NewProxy passes what it gets on to a target.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: listener.Addr().String(), target: target, healed: make(chan struct{})}
	close(p.healed)
	go p.accept(listener)
	t.Cleanup(func() {
		listener.Close()
		p.Heal()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range p.conns {
			c.Close()
		}
	})
	return p
}

// Latency delays what is sent to the target and what comes from it, from now
// on, in the connections that there are too.
func (p *Proxy) Latency(to, from Delay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to, p.from = to, from
}

// Silence holds everything back, without closing anything.
func (p *Proxy) Silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.healed = make(chan struct{})
}

// Heal undoes Silence: what was held back arrives.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.healed:
	default:
		close(p.healed)
	}
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		go p.pass(server, client, func() Delay { return p.to })
		go p.pass(client, server, func() Delay { return p.from })
	}
}

// chunk is what was read at once, and when it is to arrive.
type chunk struct {
	bytes []byte
	due   time.Time
}

// pass copies bytes until an end closes, and then closes both.
func (p *Proxy) pass(to, from net.Conn, delay func() Delay) {
	chunks := make(chan chunk, 4096)
	go func() {
		defer close(chunks)
		for {
			b := make([]byte, 16<<10)
			n, err := from.Read(b)
			p.mu.Lock()
			d := delay()
			p.mu.Unlock()
			if n > 0 {
				chunks <- chunk{b[:n], time.Now().Add(d.draw())}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		p.mu.Lock()
		healed := p.healed
		p.mu.Unlock()
		<-healed
		if _, err := to.Write(c.bytes); err != nil {
			break
		}
	}
	to.Close()
	from.Close()
	for range chunks { // the reader ends, because its connection is closed
	}
}
