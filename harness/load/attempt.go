package load

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxBody is how much of an answer's body is read, in bytes. The connection
// of a larger one is closed rather than drained.
const maxBody = 1 << 20

// attempt is what became of one request on the wire.
type attempt struct {
	err        error  // nil: an answer was read to its end
	status     int    // of the answer, 0 without one
	value      string // what stands where the operation's answers carry the value
	failed     bool   // its body begins as that of an error
	wrong      bool   // its body is none that a right answer has
	shard      int    // X-Shard, or −1
	bytes      int64  // size of the answer's body
	retryAfter bool
	written    bool  // its header was written to a connection: it may have had an effect
	sends      uint8 // connections that it was given to: more than 1 when the transport repeated it
}

// wire sends single requests to replicas.
type wire struct {
	transport http.RoundTripper
	bases     sync.Map // BaseURL → *url.URL
}

func (w *wire) base(raw string) (*url.URL, error) {
	if u, ok := w.bases.Load(raw); ok {
		return u.(*url.URL), nil
	}
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil {
		return nil, err
	}
	w.bases.Store(raw, u)
	return u, nil
}

// try sends one request and reads its answer, until ctx ends.
func (w *wire) try(ctx context.Context, to Endpoint, o *Operation, b blanks) attempt {
	a := attempt{shard: -1}
	base, err := w.base(to.BaseURL)
	if err != nil {
		a.err = err
		return a
	}
	req, err := o.request(base, b)
	if err != nil {
		a.err = err
		return a
	}
	var seen sighting
	resp, err := w.transport.RoundTrip(req.WithContext(seen.watch(ctx)))
	if err != nil {
		a.err = err
	} else {
		a.wrong = !o.says(a.read(ctx, resp, o), b)
	}
	a.sends = uint8(min(seen.connections.Load(), 255))
	if !generatorsOwn(err) {
		a.sends = max(1, a.sends) // a dial that failed counts as one: the client tried
	}
	a.written = err == nil || seen.headers.Load()
	return a
}

// read takes the answer to a request of o in, and ends when ctx does: nothing
// obliges the body of a transport to heed the context of its request. It
// returns what it kept of the body.
func (a *attempt) read(ctx context.Context, resp *http.Response, o *Operation) (body string) {
	a.status = resp.StatusCode
	a.retryAfter = resp.Header.Get("Retry-After") != ""
	if text := resp.Header.Get("X-Shard"); text != "" {
		if n, err := strconv.ParseUint(text, 10, 15); err == nil {
			a.shard = int(n)
		}
	}
	if name, ok := strings.CutPrefix(o.Value, "header:"); ok {
		a.value = resp.Header.Get(name)
	}
	if resp.Body == http.NoBody {
		return ""
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// The body is now the bare connection, which no deadline ends.
		resp.Body.Close()
		return ""
	}
	keep := o.reads()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	defer resp.Body.Close()
	stop := context.AfterFunc(ctx, func() { resp.Body.Close() })
	defer stop()
	head := ""
	for a.bytes < maxBody {
		n, err := resp.Body.Read(*buffer)
		a.bytes += int64(n)
		if keep {
			body += string((*buffer)[:min(n, maxValue-len(body))])
		}
		if missing := len(o.Failed) - len(head); missing > 0 {
			head += string((*buffer)[:min(n, missing)])
			a.failed = head == o.Failed
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			a.err = err
			if !stop() { // closed by us: why is the news, not that it is closed
				a.err = ctx.Err()
			}
			return body
		}
	}
	if o.Value == "body" {
		a.value = strings.TrimRight(body, "\r\n")
	}
	return body
}

// maxValue is how much of a body can be a value: a URL of 8 KiB and its rim.
const maxValue = 16 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 4<<10); return &b }}

// sighting is what httptrace shows of a request on its way. The transport
// reports from goroutines of its own.
type sighting struct {
	connections atomic.Int32
	headers     atomic.Bool
	trace       httptrace.ClientTrace
}

func (s *sighting) watch(ctx context.Context) context.Context {
	s.trace.GotConn = func(httptrace.GotConnInfo) { s.connections.Add(1) }
	s.trace.WroteHeaders = func() { s.headers.Store(true) }
	return httptrace.WithClientTrace(ctx, &s.trace)
}

// newTransport is a transport that never queues a request: there is no limit
// on connections, and as many idle ones are kept as there can be requests at
// once, so that a connection is dialled only when one broke. Nothing stands
// between the generator and the target: no proxy, no HTTP/2 multiplexing, no
// transparent compression.
func newTransport(atOnce int, timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 15 * time.Second}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: timeout,
		MaxIdleConnsPerHost: atOnce,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
		Protocols:           &protocols,
	}
}
