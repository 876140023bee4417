package load

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gauntlet/harness/history"
)

func finalPlan(until time.Duration, seqs ...uint64) FinalPlan {
	return FinalPlan{
		Run: "r", Clients: 4, Seqs: slices.Values(seqs), Kind: 1, Read: storeGet,
		Timeout: 5 * time.Second, Until: int64(until),
	}
}

func durable(s *store, seqs ...uint64) {
	for _, seq := range seqs {
		key := DurabilityKey(4, seq)
		s.put(key, Written{"r", key, string(rune('0' + seq%4)), seq}.String())
	}
}

// told is the recorded answers for one key and replica, in order.
func told(ops []history.Op, seq uint64, replica uint16) (classes []history.Class) {
	for _, op := range ops {
		if op.Seq == seq && op.Replica == replica {
			classes = append(classes, op.Class)
		}
	}
	return classes
}

func plainStore(_ int, s *store) http.Handler { return s }

// Each way to read back: an absent key is absent too where the load takes "not
// found" for a right answer.
func readings() map[string]Operation {
	absenceIsRight := storeGet
	absenceIsRight.Status = []int{302, 404}
	return map[string]Operation{"a value is right": storeGet, "absence is right": absenceIsRight}
}

func TestFinalReadsAskEachReplicaForEachKey(t *testing.T) {
	for name, read := range readings() {
		t.Run(name, func(t *testing.T) {
			stores, replicas, _ := threeStores(t, plainStore)
			for _, s := range stores {
				durable(s, 0, 1, 2, 9)
			}
			stores[1].drop(DurabilityKey(4, 2))                      // lost
			stores[2].put(DurabilityKey(4, 9), "https://t.invalid/") // mangled
			plan := finalPlan(0, 0, 1, 2, 9)
			plan.Read = read
			rec := &memory{}
			complete, err := FinalReads(t.Context(), history.NewClock(time.Now()), plan, replicas, rec)
			if err != nil || !complete {
				t.Fatal(complete, err)
			}
			if len(rec.ops) != 12 {
				t.Errorf("%d reads recorded, want 12", len(rec.ops))
			}
			for _, op := range rec.ops {
				class, value := history.OK, history.WriteOf(op.Seq)
				switch {
				case op.Seq == 2 && op.Replica == 1:
					class, value = history.Status4xx, history.NoValue
				case op.Seq == 9 && op.Replica == 2:
					class, value = history.WrongAnswer, history.ForeignValue
				}
				if op.Stream != history.Final || op.Kind != 1 || op.Class != class || op.Value != value || op.Key != uint32(op.Seq) || op.Shard != 8 {
					t.Errorf("%+v; want %v, value %d", op, class, value)
				}
			}
		})
	}
}

func TestFinalReadsReadAgainWhatIsAbsent(t *testing.T) {
	for name, read := range readings() {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			stores, replicas, _ := threeStores(t, func(i int, s *store) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if i == 1 && asked.Add(1) == 3 {
						durable(s, 5) // resurrected
					}
					s.ServeHTTP(w, r)
				})
			})
			durable(stores[0], 5)
			durable(stores[2], 5)
			plan := finalPlan(time.Minute, 5)
			plan.Read = read
			rec := &memory{}
			complete, err := FinalReads(t.Context(), history.NewClock(time.Now()), plan, replicas, rec)
			if err != nil || !complete {
				t.Fatal(complete, err)
			}
			if got := told(rec.ops, 5, 1); !slices.Equal(got, []history.Class{history.Status4xx, history.OK}) {
				t.Errorf("recorded %v of the replica that had it late; changes alone are recorded", got)
			}
			if got := told(rec.ops, 5, 0); !slices.Equal(got, []history.Class{history.OK}) {
				t.Errorf("recorded %v of a replica that had it", got)
			}
		})
	}
}

func TestFinalReadsAreIncompleteWithoutAnAnswer(t *testing.T) {
	stores, replicas, _ := threeStores(t, plainStore)
	for _, s := range stores {
		durable(s, 1)
	}
	replicas[2].BaseURL = refusedURL(t)
	rec := &memory{}
	complete, err := FinalReads(t.Context(), history.NewClock(time.Now()), finalPlan(600*time.Millisecond, 1), replicas, rec)
	if err != nil || complete {
		t.Fatal(complete, err)
	}
	if got := told(rec.ops, 1, 2); !slices.Equal(got, []history.Class{history.Refused, history.Refused}) {
		t.Errorf("recorded %v, want the first and the last answer", got)
	}
}

func TestASilentReplicaDoesNotHoldUpTheFinalReads(t *testing.T) {
	quit := make(chan struct{})
	defer close(quit)
	_, replicas, _ := threeStores(t, func(i int, s *store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-quit:
			case <-r.Context().Done():
			}
		})
	})
	plan := finalPlan(0)
	plan.Timeout = 100 * time.Millisecond
	plan.Seqs = func(yield func(uint64) bool) {
		for seq := uint64(0); seq < 1000 && yield(seq); seq++ {
		}
	}
	rec := &memory{}
	complete, err := FinalReads(t.Context(), history.NewClock(time.Now()), plan, replicas[:1], rec)
	if err != nil || complete {
		t.Fatal(complete, err)
	}
	count := map[history.Class]int{}
	for _, op := range rec.ops {
		count[op.Class]++
	}
	if len(rec.ops) != 1000 || count[history.Timeout] > 2*silentAfter || count[history.Timeout]+count[history.Unsent] != 1000 {
		t.Errorf("%v", count)
	}
}

func TestDurabilityWritesEachKeyOnce(t *testing.T) {
	load := valuePlan(t)
	load.Operations[1] = storePut
	plan, err := Durability(load, Constant{Rate: 500}, 8, "put")
	if err != nil {
		t.Fatal(err)
	}
	puts := &store{values: map[string]string{}}
	twice := 0
	rec := &memory{}
	a, err := start(t.Context(), history.NewClock(time.Now()), plan, one, rec, transportFunc(func(r *http.Request) (*http.Response, error) {
		if _, ok := puts.get(r.URL.Path[1:]); ok || r.Method != http.MethodPut {
			twice++
		}
		return puts.RoundTrip(r)
	}))
	if err != nil {
		t.Fatal(err)
	}
	a.EndAt(int64(200 * time.Millisecond))
	if err := a.Wait(); err != nil {
		t.Fatal(err)
	}
	expectOnceEach(t, rec.ops, 100)
	if twice > 0 || len(puts.values) != 100 {
		t.Errorf("%d keys, %d requests that are not the first write of theirs", len(puts.values), twice)
	}
	for _, op := range rec.ops {
		key := DurabilityKey(4, op.Seq)
		if v, _ := puts.get(key); op.Stream != history.Durability || op.Effect != history.Acknowledged || op.Kind != 1 ||
			v != (Written{"r", key, string(rune('0' + op.Seq%4)), op.Seq}).String() {
			t.Fatalf("%+v wrote %q to %s", op, v, key)
		}
	}
	if _, err := Durability(load, Constant{Rate: 1}, 1, "get"); err == nil {
		t.Error("a stream of reads was accepted for durability")
	}
}
