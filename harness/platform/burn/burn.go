// Package burn is what a StressChaos makes run beside a replica: a process
// that computes and holds memory.
package burn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

// Work is what one burner does.
type Work struct {
	Workers int   // that compute
	Load    int   // of a core by each of them, in percent, 0 … 100
	Memory  int64 // held, in bytes
}

// Check says what is wrong with w.
func (w Work) Check() error {
	if w.Workers < 0 || w.Workers > 1024 || w.Load < 0 || w.Load > 100 || w.Memory < 0 {
		return fmt.Errorf("no burner works like this: %+v", w)
	}
	return nil
}

// Ready is the line that a burner prints when it holds its memory and computes.
const Ready = "burning"

// Serve does the work until in ends, which it does with the harness in
// whatever way it dies. It prints Ready on out.
func Serve(in io.Reader, out io.Writer, w Work) error {
	if err := w.Check(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		stop()
	}()
	runtime.GOMAXPROCS(w.Workers + 1) // each computes on a processor, if there is one, and one hears the end
	var all sync.WaitGroup
	held := hold(ctx, w.Memory)
	for range w.Workers {
		all.Go(func() { compute(ctx, w.Load) })
	}
	_, err := fmt.Fprintln(out, Ready)
	if err == nil && len(held) > 0 {
		keep(ctx, held)
	}
	if err != nil {
		stop()
	}
	<-ctx.Done()
	all.Wait()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

const (
	// slice is in what a load is divided: a part of it is computed, the rest slept.
	slice = 10 * time.Millisecond
	// rounds is how often a sum is added to between two looks at the clock.
	rounds = 20_000
)

// compute uses load percent of a core.
func compute(ctx context.Context, load int) {
	sum := uint64(1)
	for ctx.Err() == nil {
		begin := time.Now()
		for time.Since(begin) < slice*time.Duration(load)/100 {
			for range rounds {
				sum = sum*6364136223846793005 + 1442695040888963407
			}
		}
		if load < 100 {
			time.Sleep(slice - slice*time.Duration(load)/100)
		}
	}
	runtime.KeepAlive(sum)
}

// hold takes memory, every page of it written to: what is only asked for the
// kernel does not give.
func hold(ctx context.Context, size int64) []byte {
	held := make([]byte, size)
	touch(ctx, held)
	return held
}

// keep goes on writing to the pages, so that none is put aside.
func keep(ctx context.Context, held []byte) {
	for ctx.Err() == nil {
		select {
		case <-time.After(time.Second):
			touch(ctx, held)
		case <-ctx.Done():
		}
	}
}

func touch(ctx context.Context, held []byte) {
	for i := 0; i < len(held) && ctx.Err() == nil; i += os.Getpagesize() {
		held[i]++
	}
}
