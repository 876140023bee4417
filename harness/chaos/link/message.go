package link

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds a body that is patched, or put in another's place.
const maxBody = 1 << 20

// message is a message whose head has been parsed, with what is to be done to
// it.
type message struct {
	body       io.Reader
	compressed bool
	final      int // the code of an answer in the end; 0: a request
	rules      []*active
	holds      []*active // of them, those that hold it up
	did        []*active // of them, those that did something to it
	abort      bool
	edited     bool

	whole           []byte // the body, once it was read
	wholeRead, fits bool
}

// message finds the rules for a message.
func (p *parser) message(request *http.Request, answer *http.Response, body io.Reader) *message {
	m, header := &message{body: body}, request.Header
	if answer != nil {
		m.final, header = answer.StatusCode, answer.Header
	}
	r := p.s.rules.Load()
	if r == nil {
		return m
	}
	encoding := header.Get("Content-Encoding")
	m.compressed = encoding != "" && !strings.EqualFold(encoding, "identity")
	for _, r := range r.http {
		h := r.HTTP
		if !h.meets(request, answer) {
			continue
		}
		m.rules = append(m.rules, r)
		m.abort = m.abort || h.Abort
		m.edited = m.edited || h.edits()
		if answer != nil {
			m.final = cmp.Or(h.ReplaceCode, m.final)
		}
		if h.Delay > 0 {
			m.holds = append(m.holds, r)
		}
	}
	return m
}

// method is the one that the request is given; "": none.
func (m *message) method() (last string) {
	for _, r := range m.rules {
		last = cmp.Or(r.HTTP.ReplaceMethod, last)
	}
	return last
}

// abort breaks the connection off, after what went before.
func (p *parser) abort(m *message) outcome {
	for _, r := range m.rules {
		if r.HTTP.Abort {
			m.note(r)
			r.done.reset.Add(1)
		}
	}
	p.changed(m)
	p.s.finish(aborted, m.holds...)
	return stop
}

// note takes down that a rule did something to the message.
func (m *message) note(r *active) {
	if !slices.Contains(m.did, r) {
		m.did = append(m.did, r)
	}
}

// changed counts the message, once, and for each rule that did something to it.
func (p *parser) changed(m *message) {
	for _, r := range m.holds {
		m.note(r)
	}
	for _, r := range m.did {
		r.done.changed.Add(1)
	}
	if len(m.did) > 0 {
		p.s.count.changed.Add(1)
	}
}

// pass passes a message on, changed as its rules say. Was tells whether its
// sender sends a body, wanted whether its receiver waits for one: a rule for the
// method or the code can make them differ.
func (p *parser) pass(m *message, was, wanted bool) outcome {
	if !m.edited && was == wanted {
		p.changed(m)
		return p.stream(m.body, m.holds)
	}
	h := readHead(p.in.take())
	var body []byte // nil: as it comes
	if wanted {
		body = p.editBody(m)
		if body == nil && !was {
			body = []byte{}
		}
	}
	m.editHead(h)
	p.changed(m)
	if wanted && body == nil {
		if o := p.sent(p.s.send(h.bytes(), m.holds...)); o != goOn {
			return o
		}
		return p.stream(m.body, nil)
	}
	switch {
	case wanted:
		h.hasBody(len(body))
		if m.wholeRead {
			h.remove("Expect") // what it asks leave for has come
		}
	case m.final != 0 && !bodyAllowed(m.final):
		h.remove("Content-Length", "Transfer-Encoding", "Trailer")
	}
	if o := p.sent(p.s.send(append(h.bytes(), body...), m.holds...)); o != goOn {
		return o
	}
	return p.discard(m.body)
}

// stream passes on what was parsed, and body after it as it comes.
func (p *parser) stream(body io.Reader, holds []*active) outcome {
	flush := func() outcome {
		if p.in.parsed() == 0 {
			return goOn
		}
		o := p.sent(p.s.send(p.in.take(), holds...))
		holds = nil
		return o
	}
	if body == http.NoBody {
		return flush()
	}
	scratch := p.c.edge.proxy.pool.get()
	defer p.c.edge.proxy.pool.put(scratch)
	// What came together goes on together.
	for first := true; ; first = false {
		if !first || p.parse.Buffered() == 0 {
			if o := flush(); o != goOn {
				return o
			}
		}
		_, err := body.Read(scratch[:])
		if err == nil {
			continue
		}
		if o := flush(); o != goOn || err == io.EOF {
			return o
		}
		return unread // it is broken off, or no HTTP
	}
}

// discard reads body, which something else stands for.
func (p *parser) discard(body io.Reader) outcome {
	if body == http.NoBody {
		p.in.take()
		return goOn
	}
	scratch := p.c.edge.proxy.pool.get()
	defer p.c.edge.proxy.pool.put(scratch)
	for {
		_, err := body.Read(scratch[:])
		p.in.take()
		switch {
		case err == nil:
		case err == io.EOF:
			return goOn
		case p.in.err != nil:
			return unread
		default: // nobody can tell where it ends
			p.c.end(reset)
			return stop
		}
	}
}
