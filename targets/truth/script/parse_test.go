package script

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	s := parsed(t, `
# everything that there is
seed: 7
events:
  - {at: 10s, for: 3s, do: delay, by: 400ms, jitter: 50ms, share: 12.5%, ramp: 1s, only: get, every: 1m, times: 3, shift: 1s}
  - at: 0s
    for: 2s
    do: hang
    drain: 5000/s
    flap: 400ms
  - {at: 5s, for: 3s, do: stale, by: 2s, keys: r-}
  - {at: 9s, for: 3s, do: lag, by: 300ms, jitter: 100ms, on: truth-2}
`)
	want := []Event{
		{At: 10 * second, For: 3 * second, Do: Delay, By: 400 * time.Millisecond, Jitter: 50 * time.Millisecond, Share: 0.125, Ramp: second, Only: Get, Every: time.Minute, Times: 3, Shift: second},
		{For: 2 * second, Do: Hang, Drain: 5000, Flap: 400 * time.Millisecond, Share: 1, Times: 1},
		{At: 5 * second, For: 3 * second, Do: Stale, By: 2 * second, Keys: "r-", Share: 1, Times: 1},
		{At: 9 * second, For: 3 * second, Do: Lag, By: 300 * time.Millisecond, Jitter: 100 * time.Millisecond, On: "truth-2", Share: 1, Times: 1},
	}
	if s.Seed != 7 || !slices.Equal(s.Events, want) || s.Memory() != 2*second {
		t.Errorf("seed %d, events\n%+v, want\n%+v", s.Seed, s.Events, want)
	}
	for _, empty := range []string{"", "# nothing", "events: []", "~"} {
		if s := parsed(t, empty); len(s.Stretches("truth-1")) != 0 || s.Seed != 1 {
			t.Errorf("%q: %+v", empty, s)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"events: {", "t.yaml:1:9: not YAML"},
		{"a: 1\n---\nb: 2", "t.yaml:1:1: not YAML: there is a second document"},
		{"- 1", "t.yaml:1:1: the script must be a mapping"},
		{"event: []", `t.yaml:1:1: unknown field "event" in the script` + "\n  hint: known here: events, seed"},
		{"seed: -1", `t.yaml:1:7: seed must be a whole number from 0, not "-1"`},
		{"events: 3", "t.yaml:1:9: events must be a list"},
		{"events: [3]", "t.yaml:1:10: an event must be a mapping"},
		{"events:\n  - at: 1s\n    for: 2s", "t.yaml:2:5: an event needs do"},
		{"events: [{at: 1s, for: 2s, do: explode}]", `t.yaml:1:32: do: "explode" is unknown` + "\n  hint: one of fail, delay,"},
		{"events: [{at: 1, for: 2s, do: fail}]", `t.yaml:1:15: at: "1" is no duration` + "\n  hint: write a duration such as 3s"},
		{"events: [{at: -1s, for: 2s, do: fail}]", "t.yaml:1:15: at must be from 0s"},
		{"events: [{at: 1s, for: 0s, do: fail}]", "t.yaml:1:24: for must be from 1ms"},
		{"events: [{at: 1s, for: 2s, do: fail, share: 0.05}]", "t.yaml:1:45: share must be above 0%"},
		{"events: [{at: 1s, for: 2s, do: fail, share: 105%}]", "t.yaml:1:45: share must be"},
		{"events: [{at: 1s, for: 2s, do: hang, drain: 5}]", `t.yaml:1:45: drain: "5" is no rate`},
		{"events: [{at: 1s, for: 2s, do: fail, by: 2s}]", "t.yaml:1:42: by belongs to do: delay or lag or stale"},
		{"events: [{at: 1s, for: 2s, do: fail, drain: 5/s}]", "t.yaml:1:45: drain belongs to do: hang"},
		{"events: [{at: 1s, for: 2s, do: delay}]", "a delay needs by"},
		{"events: [{at: 1s, for: 2s, do: lag}]", "a lag needs by\n  hint: add by: 400ms"},
		{"events: [{at: 1s, for: 2s, do: stale, jitter: 2s}]", "t.yaml:1:47: jitter belongs to do: delay or lag"},
		{"events: [{at: 1s, for: 4s, do: lag, by: 1s, only: get}]", "t.yaml:1:51: only a put can lag"},
		{"events: [{at: 1s, for: 4s, do: fail, keys: a b}]", `t.yaml:1:44: keys: "a b" is no name` + "\n  hint: write how they begin"},
		{"events: [{at: 1s, for: 1s, do: fail, ramp: 600ms}]", "t.yaml:1:44: a share that rises and falls for 600ms each does not fit into 1s"},
		{"events: [{at: 1s, for: 4s, do: fail, ramp: 1s, flap: 1s}]", "t.yaml:1:44: an event has either ramp or flap"},
		{"events: [{at: 1s, for: 4s, do: lose, only: get}]", "t.yaml:1:44: only a put can be lost"},
		{"events: [{at: 1s, for: 4s, do: stale, only: put}]", "t.yaml:1:45: stale is an answer to a get"},
		{"events: [{at: 1s, for: 4s, do: fail, times: 2, every: 3s}]", "must be over before it comes again\n  hint: every: 4s or more"},
		{"events: [{at: 1s, for: 4s, do: fail, every: 9s}]", "t.yaml:1:45: every needs times"},
		{"events: [{at: 1s, for: 4s, do: fail, times: 0}]", `t.yaml:1:45: times must be from 1 to 10000, not "0"`},
		{"events: [{at: 1s, for: 20h, do: fail, flap: 1ms}]", "more than 10000 stretches"},
		{"events: [{at: 1s, for: 4s, do: fail, on: a b}]", `t.yaml:1:42: on: "a b" is no name`},
		{strings.Repeat("#", maxBytes+1), "t.yaml:1:1: the script has 65537 bytes"},
	} {
		_, err := Parse("t.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %q in it", c.text, err, c.want)
		}
	}
}

// Every mistake is told at once, in the order of the file.
func TestAllMistakesAreTold(t *testing.T) {
	_, err := Parse("t.yaml", []byte("seed: x\nevents:\n  - {at: 1s, for: 2, do: fail}\n  - {at: no, for: 2s, do: fail}"))
	found, ok := err.(Mistakes)
	if !ok || len(found) != 3 || found[0].Line != 1 || found[1].Line != 3 || found[2].Line != 4 {
		t.Errorf("%v, want one on line 1, 3 and 4", err)
	}
}

// FuzzParse: whatever a script says, it is read or refused with a place, and
// what is read has stretches that begin before they end.
func FuzzParse(f *testing.F) {
	f.Add("events: [{at: 1s, for: 2s, do: delay, by: 1s, share: 5%, flap: 10ms, every: 4s, times: 3}]")
	f.Add("events:\n  - at: 1s\n    do: hang")
	f.Add("events: [{at: 1s, for: 2s, do: stale, by: 1s, keys: r-}, {at: 4s, for: 2s, do: lag, by: 1s, jitter: 2s}]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f.yaml", []byte(text))
		if err != nil {
			for _, m := range err.(Mistakes) {
				if m.Line < 1 || m.Column < 1 || m.Message == "" {
					t.Fatalf("%+v", m)
				}
			}
			return
		}
		for _, x := range s.Stretches("truth-1") {
			if x.From < 0 || x.To <= x.From || !(x.Share > 0 && x.Share <= 1) {
				t.Fatalf("%+v", x)
			}
		}
	})
}
