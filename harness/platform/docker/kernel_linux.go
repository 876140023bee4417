package docker

import (
	"errors"
	"net"
	"strings"

	"golang.org/x/sys/unix"
)

// beside says why the engine at host is not one that sees the processes of this
// machine as we do: whoever listens on its socket is then one of them.
func beside(host string) error {
	path, ok := strings.CutPrefix(host, "unix://")
	if !ok {
		return errors.New("the engine is not asked over a socket of this machine, and may be elsewhere")
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var peerErr error
	if err := raw.Control(func(fd uintptr) {
		peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil || peerErr != nil {
		return errors.Join(err, peerErr)
	}
	if peer.Pid == 0 { // not to be seen from here
		return errors.New("gauntlet does not see the engine's processes: it is in a container, and must be given the machine's (docker run --pid=host)")
	}
	return nil
}
