package chaos

import (
	"context"
	"testing"
	"time"
)

// A replacement that listens before anybody was refused is no reason to doubt
// the death: what was connected to the one before broke.
func TestAReplacementThatListensAtOnce(t *testing.T) {
	sys := newFake(t)
	sys.be(func() { sys.swift, sys.patient = true, true })
	p := prepare(t, sys, killOf("redis"))
	inject(t, p)
	heal(t, p)
	wantProof(t, p, true, `^redis-1 stopped at \d+\.\d{3} s, a connection that was open broke \d+\.\d{3} s, back `)
}

// Where what was connected stays so, somebody still serves at the address.
func TestAnAddressThatGoesOnServing(t *testing.T) {
	sys := newFake(t)
	sys.be(func() { sys.reborn, sys.patient = true, true })
	p := prepare(t, sys, killOf("redis"))
	inject(t, p)
	heal(t, p)
	wantProof(t, p, false, `^redis-1 stopped at .*, \d+ connections were accepted and none refused`)
}

// A server that hangs up by itself gives no connection to go by; one that
// waits gives one, which ends with the context and then has not broken.
func TestWhatIsHeld(t *testing.T) {
	for _, patient := range []bool{false, true} {
		sys := newFake(t)
		sys.be(func() { sys.patient = patient })
		d := newDeath(sys, prepare(t, sys, killOf("redis")).set, sys.find("redis-1").Replica, true)
		conn := d.hold(t.Context())
		if (conn != nil) != patient {
			t.Fatalf("patient: %v, held: %v", patient, conn)
		}
		if conn == nil {
			continue
		}
		d.released = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d.keep(ctx, conn)
		if d.broke != 0 {
			t.Error("nobody broke it")
		}
	}
}

// A break long before or after the death is another matter, and so is one from
// before the deed.
func TestABreakBelongsToADeath(t *testing.T) {
	at := int64(10 * time.Second)
	for broke, want := range map[int64]bool{
		0: false, at: true, at + int64(apart): true, at - int64(apart): true, at + int64(apart) + 1: false, at - int64(apart) - 1: false,
	} {
		if got := (&death{saw: saw{gone: at, broke: broke}}).brokeThen(); got != want {
			t.Errorf("gone at %d, broke at %d: %v", at, broke, got)
		}
	}
	deed := at - int64(100*time.Millisecond)
	for broke, want := range map[int64]bool{deed - 1: false, deed: true} {
		if got := (&death{since: deed, saw: saw{gone: at, broke: broke}}).brokeThen(); got != want {
			t.Errorf("watched from %d, broke at %d: %v", deed, broke, got)
		}
	}
}
