package link

import (
	"net"

	"golang.org/x/sys/unix"
)

// tcpEstablished is the state of a TCP connection that nobody has closed, as
// TCP_INFO tells it (the kernel's tcp_states.h).
const tcpEstablished = 1

// gone tells whether the other side of c has closed it or broken it off, which
// reading cannot tell while what it sent before waits to be read.
func gone(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	var info *unix.TCPInfo
	if cerr := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }); cerr != nil {
		return true
	}
	return err == nil && info.State != tcpEstablished
}
