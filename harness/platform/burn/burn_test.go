package burn

import (
	"bufio"
	"io"
	"testing"
	"time"
)

func TestABurnerEndsWithItsInput(t *testing.T) {
	for _, w := range []Work{{Workers: 2, Load: 30}, {Memory: 8 << 20}, {Workers: 1, Load: 100, Memory: 1 << 20}} {
		in, end := io.Pipe()
		said, out := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- Serve(in, out, w) }()
		if line, err := bufio.NewReader(said).ReadString('\n'); line != Ready+"\n" || err != nil {
			t.Fatalf("it said %q, %v", line, err)
		}
		select {
		case err := <-done:
			t.Fatalf("%+v: it ended before its input did: %v", w, err)
		case <-time.After(20 * time.Millisecond):
		}
		end.Close()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%+v: %v", w, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%+v: it did not end", w)
		}
	}
}

func TestWorkThatNobodyCanDo(t *testing.T) {
	for _, w := range []Work{{Workers: -1}, {Workers: 1, Load: 101}, {Memory: -1}, {Workers: 5000}} {
		if w.Check() == nil {
			t.Errorf("%+v was accepted", w)
		}
	}
}
