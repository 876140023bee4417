package main

import (
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// maxConnections bounds the requests in flight, reads too, and stays below
	// the goroutines at which writes are refused.
	maxConnections = 8192
	// Against clients that send or read slowly. The longest answer but a
	// snapshot, which sets a limit of its own, is that of /metrics.
	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second
	answerTimeout = 15 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
)

// server is an HTTP server that can be stopped without waiting for clients
// that have connected and said nothing.
type server struct {
	http.Server
	silent sync.Map // net.Conn to the time of its accept, until its first byte
}

func newServer(handler http.Handler, log *slog.Logger) *server {
	s := &server{Server: http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader}}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.silent.Store(c, time.Now())
		} else {
			s.silent.Delete(c)
		}
	}
	return s
}

// silentFor is how long a connection may say nothing during a stop. Clients
// open connections in advance, and net/http waits 5 s for each to be used.
const silentFor = 200 * time.Millisecond

// hangUp closes connections that say nothing, until stopped is closed.
func (s *server) hangUp(stopped <-chan struct{}) {
	for {
		s.silent.Range(func(c, since any) bool {
			if time.Since(since.(time.Time)) > silentFor {
				c.(net.Conn).Close()
			}
			return true
		})
		select {
		case <-stopped:
			return
		case <-time.After(silentFor / 4):
		}
	}
}
