package local

import (
	"context"
	"fmt"
	"strconv"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// links is the proxy before the connections that faults can touch, in this
// process, and its addresses. A nil one has none.
type links struct {
	proxy *link.Proxy
	open  []platform.Link
}

// openTries is how many ports are tried for a link: another program may take
// one after it was found free.
const openTries = 3

// openLinks opens a link for each pair of replicas between which stack marks a
// connection, and for what is sent to it. It is nil when it marks none.
func openLinks(stack topology.Stack, where layout, seed uint64, pick func() (int, error)) (*links, error) {
	var l *links
	var err error
	stack.LinkedPairs(func(p topology.Pair, how topology.Link) {
		if err != nil {
			return
		}
		if l == nil {
			l = &links{proxy: link.New(seed)}
		}
		target := where.addresses[p.To][p.ToIndex][p.Port]
		if target == "" {
			return // nobody's address: connect says so
		}
		pair := link.Pair{Source: p.Source(), Destination: p.Destination(), Port: p.Port}
		err = l.add(link.Opening{Pair: pair, Target: target, HTTP: how == topology.LinkHTTP}, pick)
	})
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *links) add(o link.Opening, pick func() (int, error)) error {
	var err error
	for range openTries {
		var port int
		if port, err = pick(); err != nil {
			break
		}
		o.Listen = loopback(port)
		var address string
		if address, err = l.proxy.Open(context.Background(), o); err == nil {
			l.open = append(l.open, platform.Link{Pair: o.Pair, Address: address})
			return nil
		}
	}
	return fmt.Errorf("link %v: %w", o.Pair, err)
}

// address is where source finds the port of replica n of a service, counted
// from 0, when a link leads there.
func (l *links) address(source, service string, n, port int) (string, bool) {
	if l == nil {
		return "", false
	}
	want := link.Pair{Source: source, Destination: service + "-" + strconv.Itoa(n+1), Port: port}
	for _, o := range l.open {
		if o.Pair == want {
			return o.Address, true
		}
	}
	return "", false
}

func (l *links) close() {
	if l != nil {
		l.proxy.Close()
	}
}

// Links implements platform.Linker. A replica that is added later has none.
func (s *System) Links() []platform.Link {
	if s.links == nil {
		return nil
	}
	return s.links.open
}

// Shaper implements platform.Linker.
func (s *System) Shaper() link.Control {
	if s.links == nil {
		return nil
	}
	return s.links.proxy
}
