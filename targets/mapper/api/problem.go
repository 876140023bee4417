package api

import (
	"encoding/json"
	"net/http"
)

// retryAfter is in seconds, the least that the header can say.
const retryAfter = "1"

// problem answers with the JSON of RFC 9457.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // nobody to tell when the client is gone
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, detail})
}

// unavailable answers a request that surely had no effect and may be repeated.
func unavailable(w http.ResponseWriter, detail string) {
	w.Header().Set("Retry-After", retryAfter)
	problem(w, http.StatusServiceUnavailable, detail)
}
