package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// exchange asks a replica, over a link, what tells whether it is ready, and
// again on the same connection as long as that holds: what a client of the
// replica would see. It is used by one goroutine.
type exchange struct {
	address string
	ready   topology.Ready // nothing to ask: connections alone tell

	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	asked   asked
}

// asked is what an exchange has put on the link, to be told from what others
// did.
type asked struct {
	connections, questions int64
	sent                   int64 // bytes
	received               int64 // bytes
}

// newExchange is that with r, whose port is reached at address.
func newExchange(r platform.Replica, port int, address string) *exchange {
	e := &exchange{address: address}
	if r.Ports[port] == r.Address { // the question is for the first port
		e.ready = r.Ready
	}
	switch {
	case e.ready.HTTP != "":
		e.request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: gauntlet-witness\r\n\r\n", e.ready.HTTP, r.Name)
	case e.ready.Send != "" && e.ready.Expect != "":
		e.request = []byte(e.ready.Send)
	}
	return e
}

// asks tells whether there is something to ask: else only connections are made.
func (e *exchange) asks() bool { return len(e.request) > 0 }

// answer is what came of one question.
type answer struct {
	took   time.Duration // from the question to the whole answer
	status int           // of HTTP
}

// ask asks once. A connection that is fresh has asked before: what a link does
// to a handshake does not count. An error is that no answer came, and the
// connection is given up. Where there is nothing to ask, a connection that lasts
// is the answer.
func (e *exchange) ask(ctx context.Context) (a answer, err error) {
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if e.conn == nil {
		if err := e.dial(ctx); err != nil {
			return a, err
		}
		if !e.asks() {
			defer e.close()
			return a, lasts(e.conn, e.reader)
		}
		if _, err := e.once(ctx); err != nil {
			return a, err
		}
	}
	return e.once(ctx)
}

// dial makes a fresh connection.
func (e *exchange) dial(ctx context.Context) error {
	e.close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", e.address)
	if err != nil {
		return err
	}
	e.asked.connections++
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it is over when it is closed, and takes no port from anybody
	}
	e.conn, e.reader = conn, bufio.NewReader(counting{conn, &e.asked.received})
	return nil
}

func (e *exchange) close() {
	if e.conn != nil {
		e.conn.Close()
		e.conn = nil
	}
}

// once is one question with its answer on the connection that there is.
func (e *exchange) once(ctx context.Context) (a answer, err error) {
	conn := e.conn
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	begin := time.Now()
	n, err := conn.Write(e.request)
	e.asked.sent += int64(n)
	e.asked.questions++
	if err == nil {
		a, err = e.read()
	}
	a.took = time.Since(begin)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return a, err
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

func (e *exchange) read() (a answer, err error) {
	if e.ready.HTTP == "" {
		return a, e.readText()
	}
	response, err := http.ReadResponse(e.reader, nil)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a.status = response.StatusCode
	if n, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)); err != nil || n == maxAnswer || response.Close {
		e.close() // there is nothing more to be had from it
		return a, err
	}
	return a, nil
}

// readText reads what the answer must begin with, and leaves out the rest of
// its line, now or before the next answer.
func (e *exchange) readText() error {
	for {
		b, err := e.reader.ReadByte()
		if err != nil {
			return err
		}
		if b != '\r' && b != '\n' {
			_ = e.reader.UnreadByte() // it was just read
			break
		}
	}
	got := make([]byte, len(e.ready.Expect))
	if _, err := io.ReadFull(e.reader, got); err != nil {
		return err
	}
	if string(got) != e.ready.Expect {
		return fmt.Errorf("answered %q, not %q", got, e.ready.Expect)
	}
	_, err := e.reader.Discard(e.reader.Buffered())
	return err
}

// counting counts the bytes that are read.
type counting struct {
	from io.Reader
	n    *int64
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	*c.n += int64(n)
	return n, err
}
