package local

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// The system assigns source ports of connections from this range unless it is
// told otherwise (IANA's dynamic ports; Linux begins lower and says so).
const (
	dynamicFirst = 32768
	dynamicLast  = 65535
	lowestPort   = 10000
)

// portPicker hands out free ports of loopback, each once.
type portPicker struct {
	first, last int
	given       map[int]bool
}

// newPortPicker picks from PortRange.
func newPortPicker() *portPicker {
	first, last := PortRange()
	return &portPicker{first: first, last: last, given: map[int]bool{}}
}

// PortRange is the ports, both included, that replicas get theirs from: those
// below the range from which the kernel takes source ports. Within it, a
// client that keeps connecting to the port of a dead replica would sooner or
// later be given that very port as its own, and be connected to itself; or the
// replica could not come back, its port being somebody's source port.
func PortRange() (first, last int) {
	dynamic := dynamicFirst
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		var low, high int
		if n, _ := fmt.Sscan(string(text), &low, &high); n == 2 {
			dynamic = low
		}
	}
	first, last = lowestPort, dynamic-1
	if last-first < 1000 {
		return dynamicFirst, dynamicLast
	}
	return first, last
}

// pick returns a port that nobody listens on. It holds no listener: a program
// that takes the port before the replica does is found out when it starts.
func (p *portPicker) pick() (int, error) {
	span := p.last - p.first + 1
	offset := rand.IntN(span)
	for i := range span {
		port := p.first + (offset+i)%span
		if !p.given[port] && portFree(port) {
			p.given[port] = true
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port on loopback between %d and %d", p.first, p.last)
}

func portFree(port int) bool { return addressFree(loopback(port)) }

// addressFree tells whether a program could listen there.
func addressFree(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
