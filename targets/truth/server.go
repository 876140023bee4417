package truth

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gauntlet/targets/truth/script"
)

// Server answers, misbehaves, and writes both down.
type Server struct {
	script    *script.Script
	stretches []script.Stretch
	hung      []atomic.Int64 // by stretch: how many requests it holds
	record    *record
	store     *store

	busy  sync.WaitGroup // requests under way
	first sync.Once
	begin atomic.Int64 // of the script's time, ns of the log's; set by first
	stop  chan struct{}
}

// New makes a server that follows the script and writes its log to out under
// the name replica. Close ends it.
func New(s *script.Script, replica string, out io.Writer) *Server {
	all := s.Stretches(replica)
	server := &Server{script: s, stretches: all, hung: make([]atomic.Int64, len(all)), record: newRecord(out, replica, s.Seed), store: newStore(s.Memory()), stop: make(chan struct{})}
	go server.flush()
	return server
}

func (s *Server) flush() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.record.flush()
		case <-s.stop:
			return
		}
	}
}

// Close waits for the requests under way and writes the end of the log; no
// request may come any more. Its error says that not everything could be
// written.
func (s *Server) Close() error {
	s.busy.Wait()
	close(s.stop)
	return s.record.end()
}

const (
	ready     = "/readyz"
	alive     = "/healthz"
	idHeader  = "X-Request-Id"
	populates = "p/" // how the ids of requests before the script's time begin
	maxBody   = 16 << 10
)

var keyPath = regexp.MustCompile(`^/[A-Za-z0-9_-]{1,128}$`)

// ServeHTTP deals with a request and writes down how. Questions for readiness
// and health are always answered, and are no arrivals.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == ready || r.URL.Path == alive {
		w.WriteHeader(http.StatusOK)
		return
	}
	s.busy.Add(1)
	defer s.busy.Done()
	a := arrival{at: s.record.now(), event: -1, id: word(r.Header.Get(idHeader))}
	defer func() {
		a.took = s.record.now() - a.at
		s.record.arrived(a)
	}()
	q, ok := question(r)
	a.op = q.op
	if !ok {
		a.did = "bad"
		http.Error(w, `want GET /{key}, or PUT /{key} with {"url": …}`, http.StatusBadRequest)
	} else if i, x, met := s.meets(a, q.key); met {
		a.event = x.Number
		a.did, a.value = s.misbehave(w, r, q, i, a)
	} else {
		a.did, a.value = s.answer(w, q)
	}
}

// asked is what a request asks for.
type asked struct {
	op         script.Operation
	key, value string
}

func question(r *http.Request) (q asked, ok bool) {
	q = asked{op: script.Get, key: strings.TrimPrefix(r.URL.Path, "/")}
	ok = keyPath.MatchString(r.URL.Path)
	switch r.Method {
	case http.MethodGet:
		return q, ok
	case http.MethodPut:
		q.op = script.Put
		var body struct {
			URL string `json:"url"`
		}
		// All of it is read: only then does net/http see that the client is gone.
		data, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		ok = ok && err == nil && json.Unmarshal(data, &body) == nil && body.URL != ""
		q.value = body.URL
		return q, ok
	}
	return q, false
}

// meets is the first stretch that is for the request, by its place in time.
func (s *Server) meets(a arrival, key string) (i int, x script.Stretch, ok bool) {
	if strings.HasPrefix(a.id, populates) {
		return 0, x, false
	}
	s.first.Do(func() {
		s.begin.Store(int64(a.at))
		s.record.stretches(a.at, s.stretches)
	})
	at := a.at - time.Duration(s.begin.Load())
	for i, x := range s.stretches {
		if x.From > at {
			break
		}
		if s.script.Meets(x, at, a.op, key, a.id) {
			return i, x, true
		}
	}
	return 0, x, false
}

// answer does what is asked; number is that of the value which was written or
// given, 0 without one.
func (s *Server) answer(w http.ResponseWriter, q asked) (did string, number int) {
	if q.op == script.Put {
		v := s.store.take(q.key, q.value)
		s.store.show(q.key, v, s.record.now())
		acknowledge(w)
		return "ok", v.number
	}
	v := s.store.get(q.key)
	if v.number == 0 {
		http.NotFound(w, nil)
		return "missing", 0
	}
	redirect(w, v.text)
	return "ok", v.number
}

func acknowledge(w http.ResponseWriter) {
	w.Header().Set("X-Durability", "memory")
	w.WriteHeader(http.StatusCreated)
}

func redirect(w http.ResponseWriter, value string) {
	w.Header().Set("Location", value)
	w.WriteHeader(http.StatusFound)
}

// misbehave does to a request what stretch i says. Where there is nothing to
// be wrong about, such as an older value of a key that had one only, the
// request is answered, and did says so.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, q asked, i int, a arrival) (did string, number int) {
	x := s.stretches[i]
	did = string(x.Do)
	switch x.Do {
	case script.Fail:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the script says so", http.StatusServiceUnavailable)
	case script.Reset:
		reset(w)
	case script.Blackhole:
		<-r.Context().Done()
		reset(w)
	case script.Delay:
		number = s.later(w, r, q, a.at+s.script.Lateness(x, a.id))
	case script.Hang:
		number = s.later(w, r, q, s.released(i))
	case script.Lose, script.Lag:
		if q.op != script.Put {
			return s.answer(w, q)
		}
		if x.Do == script.Lag {
			number = s.lag(q, s.script.Lateness(x, a.id))
		}
		acknowledge(w)
	case script.Stale, script.Wrong:
		if v := s.untrue(x, q.key); v.number > 0 && q.op == script.Get {
			redirect(w, v.text)
			if x.Do == script.Stale {
				number = v.number
			}
			return did, number
		}
		return s.answer(w, q)
	}
	return did, number
}

// untrue is the value that is given instead of the right one, none when there
// is no such.
func (s *Server) untrue(x script.Stretch, key string) value {
	switch {
	case x.Do == script.Wrong:
		return s.store.other(key)
	case x.By > 0:
		return s.store.asOf(key, s.record.now()-x.By)
	}
	return s.store.before(key)
}

// lag writes a value that is seen later. Nobody waits for that when the server
// ends.
func (s *Server) lag(q asked, by time.Duration) (number int) {
	v := s.store.take(q.key, q.value)
	time.AfterFunc(by, func() { s.store.show(q.key, v, s.record.now()) })
	return v.number
}

// released is when the next request that stretch i holds is let go.
func (s *Server) released(i int) time.Duration {
	x := s.stretches[i]
	before := s.hung[i].Add(1) - 1
	end := time.Duration(s.begin.Load()) + x.To
	if x.Drain > 0 {
		end += time.Duration(float64(before) / x.Drain * float64(time.Second))
	}
	return end
}

// later answers at an instant of the log's time, unless the client gives up.
// What was asked is done then, too: a write that was given up never happened.
func (s *Server) later(w http.ResponseWriter, r *http.Request, q asked, at time.Duration) (number int) {
	ctx, cancel := context.WithTimeout(r.Context(), at-s.record.now())
	defer cancel()
	<-ctx.Done()
	if r.Context().Err() == nil {
		_, number = s.answer(w, q)
	}
	return number
}

// reset breaks the connection so that the client sees a reset and no end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
