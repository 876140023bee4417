package load

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"gauntlet/harness/history"
)

// exported is the path of a small log with a request of each sort.
func exported(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ops.log")
	w, err := history.Create(path, history.Header{Run: "run-1", StartedAt: "2026-03-04T05:06:07.000000008Z", Operations: []string{"get", "put"}, Clients: 2})
	if err != nil {
		t.Fatal(err)
	}
	w.Replica("mapper-1")
	ms := int64(time.Millisecond)
	for _, op := range []history.Op{
		{Seq: 0, Due: 0, Sent: ms, Done: 10 * ms, Status: 302, BytesIn: 5, Key: 7},
		{Seq: 1, Due: ms, Sent: ms, Done: 2001 * ms, Class: history.Timeout, Kind: 1, Replica: history.NoReplica, Shard: 42},
		{Seq: 2, Due: 2 * ms, Sent: 2 * ms, Done: 900 * ms, Class: history.Unsent},
		{Seq: 0, Due: 3 * ms, Sent: 3 * ms, Done: 4 * ms, Stream: history.Durability},
		{Seq: 3, Due: 3 * ms, Sent: 3 * ms, Done: 4 * ms, Status: 503, Class: history.Status5xx},
	} {
		if err := w.Append(op); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *history.Log {
	t.Helper()
	log, err := history.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

func TestVegetaReadsTheExport(t *testing.T) {
	log := open(t, exported(t))
	var out bytes.Buffer
	if err := ExportVegeta(&out, log); err != nil {
		t.Fatal(err)
	}
	origin := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	want := []vegeta.Result{
		{Attack: "run-1", Seq: 0, Code: 302, Timestamp: origin, Latency: 10 * time.Millisecond, BytesIn: 5, Method: "get", URL: "/get/7"},
		{Attack: "run-1", Seq: 1, Timestamp: origin.Add(time.Millisecond), Latency: 2 * time.Second, Error: "timeout", Method: "put", URL: "/put/0"},
		{Attack: "run-1", Seq: 2, Code: 503, Timestamp: origin.Add(3 * time.Millisecond), Latency: time.Millisecond, Error: "5xx", Method: "get", URL: "/get/0"},
	}
	decode := vegeta.DecoderFor(&out)
	if decode == nil {
		t.Fatal("vegeta does not know the encoding")
	}
	var metrics vegeta.Metrics
	for i := 0; ; i++ {
		var got vegeta.Result
		if err := decode(&got); errors.Is(err, io.EOF) {
			if i != len(want) {
				t.Errorf("%d results, want %d", i, len(want))
			}
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if i >= len(want) || !got.Equal(want[i]) {
			t.Fatalf("result %d is %+v", i, got)
		}
		metrics.Add(&got)
	}
	metrics.Close()
	if metrics.Requests != 3 || metrics.Latencies.Max != 2*time.Second {
		t.Errorf("vegeta reports %d requests, at most %v", metrics.Requests, metrics.Latencies.Max)
	}
}
