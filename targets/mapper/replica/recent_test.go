package replica

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gauntlet/targets/mapper/entry"
)

func keysOf(entries []*entry.Entry) []string {
	var keys []string
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys
}

func TestRecentForgetsByAgeOnlyWhileRedisWorks(t *testing.T) {
	var r recent
	start := time.Unix(0, 0)
	add := func(key string, at time.Duration) { r.add(entry.New(key, "http://x", 0), start.Add(at)) }
	add("old", 0)
	add("b", recentLife)
	add("c", recentLife+time.Second)
	r.hold()                  // redis dies,
	add("late", recentLife*9) // and is back much later
	if got := keysOf(r.take()); !slices.Equal(got, []string{"b", "c"}) {
		t.Fatalf("held %v", got)
	}
	if got := r.take(); got != nil {
		t.Fatalf("held twice: %v", keysOf(got))
	}
	r.hold()
	r.giveBack([]*entry.Entry{entry.New("b", "http://x", 0)})
	if got := keysOf(r.take()); !slices.Equal(got, []string{"b", "late"}) {
		t.Fatalf("after giving back: %v", got)
	}
}

func TestNewestKeepsTheLastOfEachKey(t *testing.T) {
	at := func(key string, time int64) *entry.Entry {
		return entry.New(key, "http://x", 0).At(entry.Version{Time: time, Node: "n"})
	}
	got := newest([]*entry.Entry{at("a", 1), at("b", 5), at("a", 3), at("a", 2), at("b", 5)})
	var text []string
	for _, e := range got {
		text = append(text, fmt.Sprint(e.Key, e.Version.Time))
	}
	if !slices.Equal(text, []string{"a3", "b5"}) {
		t.Fatalf("got %v", text)
	}
}

func TestReplayRestsLongerWhenRedisIsSlow(t *testing.T) {
	if got, want := rest(0), replayBatch*time.Second/replayRate; got != want {
		t.Errorf("a quick batch rests %v, want %v", got, want)
	}
	if got := rest(time.Second); got != replayRest*time.Second {
		t.Errorf("a slow batch rests %v", got)
	}
}
