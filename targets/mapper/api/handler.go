// Package api is the mapper's HTTP interface.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/peers"
	"gauntlet/targets/mapper/replica"
	"gauntlet/targets/mapper/shards"
)

// Mappings is what the handler serves.
type Mappings interface {
	Get(ctx context.Context, shard int, key string) (*entry.Entry, error)
	Write(ctx context.Context, e *entry.Entry) (replica.Durability, error)
}

// State is what the handler tells about the replica.
type State interface {
	Ready() bool
	// Covers says whether the copy has all that a peer needs; it may wait a
	// little for it.
	Covers(ctx context.Context, since *peers.Since) bool
	Snapshot(visit func(*entry.Entry) bool)
}

// Options of a Handler.
type Options struct {
	Node      string
	Mappings  Mappings
	State     State
	Shard     func(key string) int // 0 to shards.Count-1
	Now       func() int64         // microseconds since 1970, by which a ttl becomes absolute
	Metrics   http.Handler         // of /metrics
	Log       *slog.Logger
	MaxWrites int // in flight; more are refused
}

// Handler serves the mapper's interface.
type Handler struct {
	Options
	draining atomic.Bool
	writes   atomic.Int64
	giving   sync.Mutex             // held while a snapshot is sent
	shard    [shards.Count][]string // the header's values, made once
}

// New makes a Handler.
func New(o Options) *Handler {
	h := &Handler{Options: o}
	for i := range h.shard {
		h.shard[i] = []string{strconv.Itoa(i)}
	}
	return h
}

// Drain makes the replica not ready, and has every answer close its
// connection, so that clients go elsewhere before the listener is closed.
func (h *Handler) Drain() { h.draining.Store(true) }

// WritesInFlight is the number of PUTs and DELETEs that wait for an answer.
func (h *Handler) WritesInFlight() int { return int(h.writes.Load()) }

// Headers in canonical form, so that they can be set without a look-up.
const (
	headerShard      = "X-Shard"
	headerDurability = "X-Durability"
	headerLocation   = "Location"
)

// ServeHTTP routes by hand: the paths are few, and a cached GET should cost
// no more than it must.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics", peers.Path:
		h.own(w, r)
	default:
		h.key(w, r, r.URL.Path)
	}
}

// own serves the paths that are no keys.
func (h *Handler) own(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "not a key: only GET and HEAD")
		return
	}
	switch r.URL.Path {
	case "/healthz":
		probe(w, http.StatusOK, "alive\n")
	case "/readyz":
		h.readyz(w)
	case "/metrics":
		h.Metrics.ServeHTTP(w, r)
	case peers.Path:
		h.snapshot(w, r)
	}
}

func (h *Handler) readyz(w http.ResponseWriter) {
	switch {
	case h.draining.Load():
		probe(w, http.StatusServiceUnavailable, "draining\n")
	case !h.State.Ready():
		probe(w, http.StatusServiceUnavailable, "loading\n")
	default:
		probe(w, http.StatusOK, "ready\n")
	}
}

func probe(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // nobody to tell when the prober is gone
}

// key serves /{key}.
func (h *Handler) key(w http.ResponseWriter, r *http.Request, path string) {
	key := path[min(1, len(path)):]
	if !validKey(key) {
		problem(w, http.StatusBadRequest, "a key is 1 to 128 of A-Z a-z 0-9 _ -")
		return
	}
	shard := h.Shard(key)
	w.Header()[headerShard] = h.shard[shard]
	if h.Log.Enabled(r.Context(), slog.LevelDebug) {
		h.Log.Debug("request", "method", r.Method, "key", key, "traceparent", r.Header.Get("Traceparent"))
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.get(w, r, shard, key)
	case http.MethodPut:
		h.guarded(w, func() { h.put(w, r, key) })
	case http.MethodDelete:
		h.guarded(w, func() { h.write(w, r, entry.NewTombstone(key), http.StatusNoContent, http.StatusNoContent) })
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT, DELETE")
		problem(w, http.StatusMethodNotAllowed, "only GET, HEAD, PUT and DELETE")
	}
}

func (h *Handler) get(w http.ResponseWriter, r *http.Request, shard int, key string) {
	e, err := h.Mappings.Get(r.Context(), shard, key)
	switch {
	case err == nil:
		w.Header()[headerLocation] = e.Location()
		w.WriteHeader(http.StatusFound)
	case errors.Is(err, replica.ErrNotFound):
		problem(w, http.StatusNotFound, "no such key")
	default:
		unavailable(w, "cannot tell whether the key exists")
	}
}

// maxGoroutines is the article's limit. Writes are refused first, because a
// read costs little.
const maxGoroutines = 12_000

func (h *Handler) guarded(w http.ResponseWriter, serve func()) {
	defer h.writes.Add(-1)
	if h.writes.Add(1) > int64(h.MaxWrites) || runtime.NumGoroutine() > maxGoroutines {
		unavailable(w, "too many requests in flight")
		return
	}
	serve()
}

// write stores an entry and answers with the status for what it rests on.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, e *entry.Entry, inRedis, inJournal int) {
	durability, err := h.Mappings.Write(r.Context(), e)
	switch {
	case errors.Is(err, replica.ErrRefused):
		h.Log.Debug("write refused", "key", e.Key, "error", err)
		unavailable(w, "neither Redis nor the journal can take the write; nothing was done")
	case err != nil:
		h.Log.Warn("write uncertain", "key", e.Key, "error", err)
		problem(w, http.StatusGatewayTimeout, "the write may or may not have been done")
	default:
		w.Header().Set(headerDurability, string(durability))
		status := inRedis
		if durability == replica.InJournal {
			status = inJournal
		}
		w.WriteHeader(status)
	}
}
