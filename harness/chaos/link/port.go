package link

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// port is an address that is taken and not listened on: the kernel refuses
// whoever connects, and gives it to nobody else, not even as the port of an
// outgoing connection.
type port struct{ fd int }

// hold takes the address host:port.
func hold(address string) (*port, error) {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	family, to := syscall.AF_INET6, syscall.Sockaddr(&syscall.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()})
	if a.Addr().Is4() {
		family, to = syscall.AF_INET, &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("make a socket to hold %s: %w", address, err)
	}
	p := &port{fd}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		p.close()
		return nil, fmt.Errorf("hold %s: %w", address, err)
	}
	if err := syscall.Bind(fd, to); err != nil {
		p.close()
		return nil, fmt.Errorf("hold %s: %w", address, err)
	}
	// Reuse let it past what is left of closed connections; now it would let
	// somebody else listen.
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0); err != nil {
		p.close()
		return nil, fmt.Errorf("hold %s: %w", address, err)
	}
	return p, nil
}

// backlog is how many connections may wait to be accepted; the kernel lowers it
// to what it allows.
const backlog = 4096

// listen gives the address back as one that is listened on.
func (p *port) listen() (net.Listener, error) {
	if err := syscall.SetsockoptInt(p.fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return nil, err
	}
	if err := syscall.Listen(p.fd, backlog); err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(p.fd), "held port")
	defer file.Close() // the listener has a copy
	return net.FileListener(file)
}

func (p *port) close() { syscall.Close(p.fd) }
