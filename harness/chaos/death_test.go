package chaos

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/platform"
)

// A victim that is down already cannot die of the fault, and the words for it
// must not claim that it runs or that the fault stopped it.
func TestAVictimThatWasDownIsNotKilled(t *testing.T) {
	kill, failure := killOf("redis"), failureOf("redis")
	for _, c := range []struct {
		name   string
		fault  Fault
		comeUp bool
		detail string
	}{
		{"killed", kill, false, `^redis-1 was down before it was touched \(kill redis-1: the replica is down\)$`},
		{"held down", failure, false, `^redis-1 was down before it was touched \(.*\)$`},
		{"killed and up again", kill, true, `^redis-1 was down before it was touched, came up at \d+\.\d{3} s \(.*\)$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			sys := newFake(t)
			p := prepare(t, sys, c.fault, impatient)
			sys.mu.Lock()
			sys.stop(sys.find("redis-1"))
			sys.feeble = true
			sys.fail["redis-1"] = fmt.Errorf("kill redis-1: %w", platform.ErrDown)
			sys.mu.Unlock()
			inject(t, p)
			if c.comeUp {
				sys.later(time.Millisecond, "redis-1")
				waitFor(t, func() bool { return strings.Contains(p.Proof().Detail, "came up") })
			}
			wantProof(t, p, false, c.detail)
		})
	}
}

// A victim that another killed between the first look at it and the deed died,
// and its clients saw it: but not of this fault.
func TestADeathOfAnothersDoingIsNoProof(t *testing.T) {
	sys := newFake(t)
	broken := errors.New("broken")
	sys.fail["redis-1"], sys.deadly = fmt.Errorf("kill redis-1: %w", platform.ErrDown), true
	p := prepare(t, sys, killOf("redis"))
	inject(t, p)
	heal(t, p)
	wantProof(t, p, false, `^redis-1 stopped at .*, first refused connection .* \(kill redis-1: the replica is down\)$`)

	sys = newFake(t) // and it does not hide what else went wrong
	sys.fail["mapper-1"], sys.fail["mapper-2"] = platform.ErrDown, broken
	p = prepare(t, sys, killOf("mapper"))
	if _, err := p.Inject(t.Context()); !errors.Is(err, broken) || errors.Is(err, platform.ErrDown) {
		t.Errorf("injected: %v", err)
	}
	heal(t, p)
}

// One that runs and takes no connections is told apart from it.
func TestAVictimThatRanDeafIsNotKilled(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, killOf("redis"), inert)
	sys.mu.Lock()
	_ = sys.find("redis-1").listener.Close()
	sys.mu.Unlock()
	inject(t, p)
	waitFor(t, func() bool { return strings.Contains(p.Proof().Detail, "first refused") })
	wantProof(t, p, false, `^redis-1 accepted no connection before it was touched \(.*\), still runs as redis-1#1, first refused connection`)
}
