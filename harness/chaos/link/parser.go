package link

import (
	"bufio"
	"net/http"
	"strings"
	"sync"
)

// messages is what the two directions of a connection know of each other.
type messages struct {
	asked chan *exchange // requests, in their order, that are not answered yet
	raw   chan struct{}  // closed when answers are not parsed any more
	once  sync.Once
}

// pipelined bounds how many requests may wait for their answers; the source of
// more is slowed.
const pipelined = 64

func newMessages() *messages {
	return &messages{asked: make(chan *exchange, pipelined), raw: make(chan struct{})}
}

func (m *messages) passUnread() { m.once.Do(func() { close(m.raw) }) }

func (m *messages) unread() bool {
	select {
	case <-m.raw:
		return true
	default:
		return false
	}
}

// exchange is a request, to which an answer will come.
type exchange struct {
	request  *http.Request // as it came
	sent     string        // the method that the destination was sent
	answered chan struct{} // closed with the answer
}

// switches tells whether what follows the request may be no HTTP.
func (x *exchange) switches() bool {
	return x.request.Method == http.MethodConnect || x.request.Header.Get("Upgrade") != ""
}

// parser follows the messages of one direction of a connection.
type parser struct {
	c     *connection
	s     *stream
	in    *tap
	parse *bufio.Reader
}

func newParser(c *connection, s *stream, from *reader) *parser {
	in := newTap(from)
	return &parser{c: c, s: s, in: in, parse: in.parse}
}

// run passes messages on, and whatever else comes, until the connection ends.
func (p *parser) run() {
	next := p.request
	if p.s == p.c.backward {
		next = p.answers()
		defer p.c.messages.passUnread()
	}
	for {
		switch next() {
		case goOn:
			p.in.forget()
		case unread:
			p.passUnread()
			return
		case stop:
			return
		}
	}
}

// outcome is what came of a message.
type outcome int

const (
	goOn   outcome = iota // the next one
	unread                // what follows is not parsed
	stop                  // nothing follows
)

// passUnread passes on what comes as it comes.
func (p *parser) passUnread() {
	if p.s == p.c.backward {
		p.c.messages.passUnread()
	}
	if rest := p.in.rest(); len(rest) > 0 {
		if err := p.s.send(rest); err != nil {
			p.c.broke(p.s)
			return
		}
	}
	if p.in.err != nil {
		p.c.left(p.s, p.in.err)
		return
	}
	p.c.pass(p.in.from, p.s)
}

// plausible waits for the beginning of a message, and tells whether it can be
// one by what is says of each of its first bytes. It looks no further than it
// has to: what speaks another protocol is not to wait for a line that never
// ends.
func (p *parser) plausible(is func(begin string) (sure, possible bool)) bool {
	p.in.head(true)
	for n := 1; ; n++ {
		begin, err := p.parse.Peek(n)
		if err != nil {
			return false
		}
		if n == 1 && (begin[0] == '\r' || begin[0] == '\n') { // some clients end a body with a line of its own (RFC 9112, 2.2)
			p.parse.Discard(1)
			n = 0
			continue
		}
		if sure, possible := is(string(begin)); sure || !possible {
			return possible
		}
	}
}

// isRequest tells whether begin begins a request: a method and a space.
func isRequest(begin string) (sure, possible bool) {
	const longestMethod = 32
	last := begin[len(begin)-1]
	if last == ' ' {
		return true, len(begin) > 1
	}
	return false, len(begin) <= longestMethod && (last >= 'A' && last <= 'Z' || last == '-' || last == '_')
}

// isAnswer tells whether begin begins an answer.
func isAnswer(begin string) (sure, possible bool) {
	const all = "HTTP/1."
	return begin == all, strings.HasPrefix(all, begin)
}

// request passes one request on.
func (p *parser) request() outcome {
	if p.c.messages.unread() || !p.plausible(isRequest) || p.c.messages.unread() {
		return unread
	}
	request, err := http.ReadRequest(p.parse)
	if err != nil || request.ProtoMajor != 1 {
		return unread
	}
	p.in.head(false)
	x := &exchange{request: request, sent: request.Method, answered: make(chan struct{})}
	m := p.message(request, nil, request.Body)
	if m.abort {
		return p.abort(m)
	}
	if method := m.method(); method != "" {
		x.sent = method
	}
	select {
	case p.c.messages.asked <- x:
	case <-p.c.messages.raw:
		return unread
	case <-p.c.ctx.Done():
		return stop
	}
	if o := p.pass(m, true, true); o != goOn || !x.switches() {
		return o
	}
	select {
	case <-x.answered:
	case <-p.c.messages.raw:
	case <-p.c.ctx.Done():
		return stop
	}
	return goOn
}

// answers returns what passes one answer on.
func (p *parser) answers() func() outcome {
	var x *exchange // to be answered
	return func() outcome {
		if !p.plausible(isAnswer) {
			return unread
		}
		if x == nil {
			select {
			case x = <-p.c.messages.asked:
			default:
				return unread // an answer to nothing
			}
		}
		answer, err := http.ReadResponse(p.parse, &http.Request{Method: x.sent})
		if err != nil {
			return unread
		}
		p.in.head(false)
		code := answer.StatusCode
		if code == http.StatusSwitchingProtocols || x.sent == http.MethodConnect && code/100 == 2 {
			return unread
		}
		if code/100 == 1 {
			return p.sent(p.s.send(p.in.take()))
		}
		m := p.message(x.request, answer, answer.Body)
		if m.abort {
			return p.abort(m)
		}
		was := x.sent != http.MethodHead && bodyAllowed(code)
		wanted := x.request.Method != http.MethodHead && bodyAllowed(m.final)
		o := p.pass(m, was, wanted)
		close(x.answered)
		x = nil
		return o
	}
}

// bodyAllowed tells whether an answer with that code has a body (RFC 9110, 6.4.1).
func bodyAllowed(code int) bool {
	return code != http.StatusNoContent && code != http.StatusNotModified
}

// sent is what follows something that was sent.
func (p *parser) sent(err error) outcome {
	if err != nil {
		p.c.broke(p.s)
		return stop
	}
	return goOn
}
