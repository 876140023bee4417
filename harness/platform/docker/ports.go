package docker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"

	"github.com/moby/moby/client"

	"gauntlet/harness/platform/local"
)

// portPicker hands out free ports of one address of this machine, each once.
// They are named beforehand because one that the engine chooses changes at each
// restart.
type portPicker struct {
	host  string
	given map[int]bool
}

func newPortPicker(host string) *portPicker { return &portPicker{host: host, given: map[int]bool{}} }

const (
	loopback = "127.0.0.1"
	// defaultNetwork is the engine's own, which is there before and after a run.
	defaultNetwork = "bridge"
)

// publishedAt is the address of this machine at which ports are published: the
// one that it has on the engine's own network, where it has one. What is sent
// there the kernel hands to the container. To loopback it cannot: a program of
// the engine listens there and copies every byte, on the processors that are
// measured, with six descriptors a connection; and where a replica lags behind
// until it has none left, it gives up, and the replica refuses connections from
// then on.
func publishedAt(ctx context.Context, engine client.APIClient) string {
	if sameKernel(ctx, engine) != nil {
		return loopback // the containers are in a machine of their own
	}
	got, err := engine.NetworkInspect(ctx, defaultNetwork, client.NetworkInspectOptions{})
	if err != nil { // it can be switched off
		return loopback
	}
	mine, err := net.InterfaceAddrs()
	if err != nil {
		return loopback
	}
	for _, c := range got.Network.IPAM.Config {
		for _, a := range mine {
			if p, err := netip.ParsePrefix(a.String()); err == nil && c.Subnet.Contains(p.Addr()) {
				return p.Addr().String()
			}
		}
	}
	return loopback
}

// address is host:port of a port that nobody listens on.
func (p *portPicker) address() (string, error) {
	first, last := local.PortRange()
	span := last - first + 1
	offset := rand.IntN(span)
	for i := range span {
		port := first + (offset+i)%span
		address := net.JoinHostPort(p.host, strconv.Itoa(port))
		if p.given[port] {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			p.given[port] = true
			return address, nil
		}
	}
	return "", fmt.Errorf("no free port on %s between %d and %d", p.host, first, last)
}
