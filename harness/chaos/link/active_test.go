package link

import (
	"net/http"
	"reflect"
	"testing"
	"time"
)

// Each fault is told what its own rules did, and no more.
func TestFaultsOnOneLinkAreCountedApart(t *testing.T) {
	const near, far = 20 * time.Millisecond, 30 * time.Millisecond
	p, address := opened(t, echo(t))
	c := dialled(t, address)
	say(t, c, "before")
	apply(t, p, "near", Rule{Direction: Forward, Delay: near})
	apply(t, p, "far", Rule{Direction: Forward, Delay: far}, Rule{Direction: Backward, Delay: far})
	apply(t, p, "idle", Rule{Direction: Forward, Rate: 1 << 30}, Rule{Direction: Forward, Loss: 1e-9})
	say(t, c, "late")
	n := counters(t, p)
	for fault, want := range map[string]Stream{
		"near": {Delayed: 4, Held: near, Chunks: 1}, "far": {Delayed: 4, Held: far, Chunks: 1}, "idle": {},
	} {
		if got := n.Forward.By[fault]; !reflect.DeepEqual(got, want) {
			t.Errorf("of %s: %+v, want %+v", fault, got, want)
		}
	}
	if n.Forward.Delayed != 4 || n.Forward.Held < near+far || n.Backward.By["far"].Delayed != 4 || n.Backward.By["near"].Delayed != 0 {
		t.Errorf("counted %+v", n)
	}
	clearFault(t, p, "near")
	if _, left := counters(t, p).Forward.By["near"]; left {
		t.Error("a fault that is over is still counted")
	}
	apply(t, p, "cut", Rule{Direction: Forward, Drop: true})
	if _, err := c.Write([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	dialled(t, address)
	eventually(t, "it is kept back", func() bool {
		f := counters(t, p).Forward
		return f.By["cut"].Withheld == 4 && f.By["cut"].Refused == 1 && f.By["far"].Withheld == 0 && f.By["far"].Delayed == 4
	})
	apply(t, p, "no", Rule{Direction: Forward, Reject: true})
	if f := counters(t, p).Forward; f.By["no"].Reset != 2 || f.By["cut"].Reset != 0 {
		t.Errorf("counted %+v", f)
	}
}

// What waits behind late bytes is late for the reason that they are.
func TestWhatFollowsIsLateForTheSameReason(t *testing.T) {
	s := shaperOf(5, Rule{Loss: 0.02}, Rule{Delay: time.Millisecond})
	lossy := s.losses[0].rule
	s.begin(nil)
	lost := false
	for range 200 {
		_, due, why := s.piece(0, segment, nil)
		has := func(r *active) (ns int64) {
			for _, c := range why {
				if c.rule == r {
					ns += c.ns
				}
			}
			return ns
		}
		lost = lost || due > int64(time.Millisecond)
		if has(s.delays[0].rule) != int64(time.Millisecond) || (has(lossy) > 0) != lost {
			t.Fatalf("due at %d because of %+v", due, why)
		}
	}
	if !lost {
		t.Error("nothing was lost")
	}
}

func TestHTTPFaultsOnOneLinkAreCountedApart(t *testing.T) {
	p, url, client := followed(t, web(t))
	apply(t, p, "all", Rule{Direction: Forward, HTTP: &HTTP{PatchHeaders: [][2]string{{"X-A", "1"}}}})
	apply(t, p, "late", Rule{Direction: Forward, HTTP: &HTTP{Path: "/late", Delay: time.Millisecond}})
	apply(t, p, "text", Rule{Direction: Forward, HTTP: &HTTP{Path: "/late", PatchBody: `{"a":1}`}})
	apply(t, p, "none", Rule{Direction: Forward, HTTP: &HTTP{Path: "/none", Abort: true}})
	for _, path := range []string{"/k", "/late"} {
		ask(t, client, http.MethodPut, url+path, "no JSON")
	}
	by := counters(t, p).Forward
	for fault, want := range map[string]int64{"all": 2, "late": 1, "text": 0, "none": 0} {
		if got := by.By[fault].Changed; got != want {
			t.Errorf("%s changed %d messages, want %d", fault, got, want)
		}
	}
	if by.Changed != 2 || by.By["text"].Skipped != 1 || by.By["late"].Delayed == 0 || by.By["all"].Delayed != 0 {
		t.Errorf("counted %+v", by)
	}
}
