package docker

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"

	"gauntlet/harness/platform/local"
)

// portPicker hands out free ports of loopback, each once. They are named
// beforehand because one that the engine chooses changes at each restart.
type portPicker struct{ given map[int]bool }

func newPortPicker() *portPicker { return &portPicker{given: map[int]bool{}} }

// address is host:port of a port that nobody listens on.
func (p *portPicker) address() (string, error) {
	first, last := local.PortRange()
	span := last - first + 1
	offset := rand.IntN(span)
	for i := range span {
		port := first + (offset+i)%span
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if p.given[port] {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			p.given[port] = true
			return address, nil
		}
	}
	return "", fmt.Errorf("no free port on loopback between %d and %d", first, last)
}
