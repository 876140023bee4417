package load

import (
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"gauntlet/harness/history"
)

type forgetful struct{ n int }

func (f *forgetful) Append(history.Op) error { f.n++; return nil }

// What an attack holds must not depend on how long it lasts: ten minutes of
// virtual time, with failures and a stall, against the first one.
func TestMemoryIsFlat(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("takes some seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		origin := time.Now()
		s := stall{origin.Add(200 * time.Second), origin.Add(203 * time.Second)}
		rec := &forgetful{}
		a, err := start(t.Context(), history.NewClock(origin), smallPlan(500, 64, time.Second), one, rec, s)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		early := heap()
		time.Sleep(9 * time.Minute)
		late := heap()
		a.Stop()
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d requests: %d KiB after one minute, %d KiB after ten", rec.n, early>>10, late>>10)
		if late > early+1<<20 {
			t.Errorf("the heap grew from %d to %d bytes over %d requests", early, late, rec.n)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
