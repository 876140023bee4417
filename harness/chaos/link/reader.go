package link

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// readSize is how much is read at once.
const readSize = 64 << 10

// pool are the buffers that nobody reads into now.
type pool struct{ free sync.Pool }

func (p *pool) get() *[readSize]byte {
	if b, ok := p.free.Get().(*[readSize]byte); ok {
		return b
	}
	return new([readSize]byte)
}

func (p *pool) put(b *[readSize]byte) { p.free.Put(b) }

// reader reads from a connection, and has a buffer only while there is something
// in it: thousands of idle connections hold none.
type reader struct {
	from   *net.TCPConn
	pool   *pool
	raw    syscall.RawConn
	try    func(fd uintptr) bool // made once, or it would be made for every read
	buffer *[readSize]byte
	n      int
	err    error
	ended  bool // in order
}

func newReader(from *net.TCPConn, p *pool) *reader {
	r := &reader{from: from, pool: p}
	r.try = func(fd uintptr) bool { return r.read(int(fd)) }
	return r
}

// next waits for what comes next, and returns it until it is called again;
// io.EOF after the last.
func (r *reader) next() ([]byte, error) {
	if r.raw == nil {
		raw, err := r.from.SyscallConn()
		if err != nil {
			return nil, err
		}
		r.raw = raw
	}
	if err := r.raw.Read(r.try); err != nil {
		return nil, err
	}
	switch {
	case r.err != nil:
		return nil, r.err
	case r.n == 0:
		r.ended = true
		return nil, io.EOF
	}
	return r.buffer[:r.n], nil
}

// read reads once, and tells whether there was something to read.
func (r *reader) read(fd int) bool {
	if r.buffer == nil {
		r.buffer = r.pool.get()
	}
	for {
		r.n, r.err = syscall.Read(fd, r.buffer[:])
		switch r.err {
		case syscall.EINTR:
		case syscall.EAGAIN:
			r.release()
			return false
		default:
			return true
		}
	}
}

// broken waits, after the end, until the other side breaks the connection off as
// well, because it is sent what it does not want any more. False: it is closed
// on this side.
func (r *reader) broken() bool {
	broken := false
	r.raw.Read(func(fd uintptr) bool {
		code, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
		broken = err == nil && code != 0
		return broken || err != nil
	})
	return broken
}

// release gives the buffer back.
func (r *reader) release() {
	if r.buffer != nil {
		r.pool.put(r.buffer)
		r.buffer = nil
	}
}
