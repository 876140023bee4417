package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/run"
)

// said is a stream that two goroutines write and read.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// Each signal ends the run under its own name, with the exit code that the
// README gives it.
func TestASignalEndsTheRunByItsName(t *testing.T) {
	for signal, want := range map[syscall.Signal]struct {
		name string
		code int
	}{
		syscall.SIGINT:  {"SIGINT", exitInterrupted},
		syscall.SIGTERM: {"SIGTERM", exitTerminated},
		syscall.SIGHUP:  {"SIGHUP", exitTerminated},
	} {
		var err said
		ctx, stop := interruptible(&err)
		if err := syscall.Kill(syscall.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			t.Fatalf("%v changed nothing", signal)
		}
		cause := context.Cause(ctx)
		if cause != (run.ErrInterrupted{Name: want.name}) || codeOf(fmt.Errorf("somewhere: %w", cause)) != want.code {
			t.Errorf("%v: cause %v, exit code %d; want %+v", signal, cause, codeOf(cause), want)
		}
		if !strings.Contains(err.String(), want.name+": undoing the faults") {
			t.Errorf("%v: said %q", signal, err.String())
		}
		stop()
	}
}
