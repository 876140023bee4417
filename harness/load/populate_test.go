package load

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// threeStores are replicas of one store each, and a router over them.
func threeStores(t *testing.T, handler func(i int, s *store) http.Handler) ([]*store, []Endpoint, Router) {
	t.Helper()
	var stores []*store
	var replicas []Endpoint
	for i := range 3 {
		s := newStore()
		server := httptest.NewServer(handler(i, s))
		t.Cleanup(server.Close)
		stores = append(stores, s)
		replicas = append(replicas, Endpoint{uint16(i), string(rune('a' + i)), server.URL})
	}
	service := &Service{}
	service.ready.Store(&replicas)
	return stores, replicas, service
}

func population(count int) Population {
	return Population{Run: "r", Count: count, KeyName: KeyName, Write: storePut, Read: storeGet, Timeout: 5 * time.Second}
}

// shared makes what is put through one replica readable through all.
func shared(stores *[]*store) func(i int, s *store) http.Handler {
	return func(i int, s *store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(*stores)[0].ServeHTTP(w, r)
		})
	}
}

func TestPopulateWritesEachKeyAndReadsItThroughEachReplica(t *testing.T) {
	all := []*store{newStore()}
	var gets [3]atomic.Int32
	_, replicas, router := threeStores(t, func(i int, s *store) http.Handler {
		inner := shared(&all)(i, s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				gets[i].Add(1)
			}
			inner.ServeHTTP(w, r)
		})
	})
	p := population(200)
	done, total := 0, 0
	p.Progress = func(d, of int) { done, total = d, of }
	found, err := Populate(t.Context(), p, router, replicas)
	if err != nil || found.Foreign != 0 {
		t.Fatal(found, err)
	}
	for key := range uint32(200) {
		if got, _ := all[0].get(KeyName(key)); got != (Written{"r", KeyName(key), Populator, uint64(key)}).String() {
			t.Errorf("%s is %q", KeyName(key), got)
		}
	}
	for i := range gets {
		if n := gets[i].Load(); n != 200 {
			t.Errorf("replica %d was asked %d times", i, n)
		}
	}
	if done != 800 || total != 800 {
		t.Errorf("progress ended at %d of %d", done, total)
	}
}

func TestPopulateWaitsForConvergence(t *testing.T) {
	all := []*store{newStore()}
	var asked atomic.Int32
	_, replicas, router := threeStores(t, func(i int, s *store) http.Handler {
		inner := shared(&all)(i, s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if i == 2 && r.Method == http.MethodGet && asked.Add(1) < 10 {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			inner.ServeHTTP(w, r)
		})
	})
	if _, err := Populate(t.Context(), population(3), router, replicas); err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 12 {
		t.Errorf("the late replica was asked %d times, want 9 in vain and 3 more", asked.Load())
	}
}

func TestPopulateNamesTheKeyThatCannotBeWritten(t *testing.T) {
	_, replicas, router := threeStores(t, func(int, *store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInsufficientStorage) })
	})
	_, err := Populate(t.Context(), population(1), router, replicas)
	if err == nil || !strings.Contains(err.Error(), "k-0 cannot be written") || !strings.Contains(err.Error(), "507") {
		t.Errorf("%v", err)
	}
}

func TestPopulateCountsForeignValuesAndGoesOn(t *testing.T) {
	all := []*store{newStore()}
	_, replicas, router := threeStores(t, func(i int, s *store) http.Handler {
		inner := shared(&all)(i, s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if i == 1 && r.Method == http.MethodGet && r.URL.Path == "/k-4" {
				r.URL.Path = "/k-5"
			}
			inner.ServeHTTP(w, r)
		})
	})
	found, err := Populate(t.Context(), population(10), router, replicas)
	if err != nil || found.Foreign != 1 || !strings.Contains(found.FirstForeign, "k-4 through b: status 302") {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestPopulateLearnsTheShardOfEachKey(t *testing.T) {
	for name, c := range map[string]struct {
		shard func(replica int) string
		want  int32
	}{
		"one":       {func(int) string { return "9" }, 9},
		"none":      {func(int) string { return "" }, Untold},
		"no number": {func(int) string { return "nine" }, Untold},
		"disagreed": {func(replica int) string { return string(rune('1' + replica)) }, Torn},
	} {
		all := []*store{newStore()}
		_, replicas, router := threeStores(t, func(i int, s *store) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				shared(&all)(i, s).ServeHTTP(shardWriter{w, c.shard(i)}, r)
			})
		})
		found, err := Populate(t.Context(), population(4), router, replicas)
		if err != nil {
			t.Fatal(err)
		}
		for key, got := range found.Shards {
			if got != c.want {
				t.Errorf("%s: key %d is in shard %d, want %d", name, key, got, c.want)
			}
		}
	}
}

// shardWriter names a shard in place of the store's.
type shardWriter struct {
	http.ResponseWriter
	shard string
}

func (w shardWriter) WriteHeader(status int) {
	w.Header().Del("X-Shard")
	if w.shard != "" {
		w.Header().Set("X-Shard", w.shard)
	}
	w.ResponseWriter.WriteHeader(status)
}
