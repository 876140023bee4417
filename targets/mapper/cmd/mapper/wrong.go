package main

import (
	"net/http"
	"sync"
)

// ignoredTail is how many records of a journal the defect journal-tail-ignored
// drops.
const ignoredTail = 64

// oneAtATime is the defect global-lock: every request for a key, and the
// snapshot for a peer, holds the lock until it is answered.
func oneAtATime(next http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
		default:
			mu.Lock()
			defer mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}
