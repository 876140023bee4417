package load

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// store is a right key-value service: GET /{key} → 302 with Location, PUT
// /{key} with the value as body → 201.
type store struct {
	mu     sync.Mutex
	values map[string]string
}

func newStore() *store { return &store{values: map[string]string{}} }

func (s *store) put(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
}

func (s *store) get(key string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key]
	return v, ok
}

func (s *store) drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/")
	w.Header().Set("X-Shard", "7")
	if r.Method == http.MethodPut {
		value, _ := io.ReadAll(r.Body)
		s.put(key, string(value))
		w.WriteHeader(http.StatusCreated)
		return
	}
	value, ok := s.get(key)
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Location", value)
	w.WriteHeader(http.StatusFound)
}

// RoundTrip serves without a network.
func (s *store) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result(), nil
}

var (
	storeGet = Operation{Name: "get", Method: "GET", Path: "/{key}", Status: []int{302}, Value: "header:Location"}
	storePut = Operation{Name: "put", Method: "PUT", Path: "/{key}", Body: "{value}", Status: []int{201}, Writes: true}
)
